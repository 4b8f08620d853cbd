import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode as decodePng } from "fast-png";
import { ALL_FORMATS, type EncodedPacket, EncodedPacketSink, FilePathSource, Input } from "mediabunny";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Picture } from "./frame-sink.js";
import { BACKGROUND } from "./picture-encoder.js";
import { PngSink, sequenceName } from "./png-sink.js";
import { SOUND_RATE_HZ } from "./sound-encoder.js";
import { VideoSink } from "./video-sink.js";
import { loadWebCodecs } from "./webcodecs.js";

const SIDE = 64;
const FPS = 25;
const FRAMES = 60;
/** The picture that is bright and the click that is heard at the same time. */
const FLASH = 31;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-video-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A disc that moves over nothing; colours are hidden where alpha is 0. */
function picture(index: number): Picture {
  const rgba = new Uint8ClampedArray(SIDE * SIDE * 4);
  const colour = index === FLASH ? [255, 255, 255] : [200, 60, 40];
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const distance = Math.hypot(x - SIDE / 2 + Math.sin(index / 5) * 6, y - SIDE / 2);
      rgba.set([...colour, 255 * Math.min(1, Math.max(0, 20 - distance))], (y * SIDE + x) * 4);
    }
  return { width: SIDE, height: SIDE, rgba };
}

/** Silence with 20 ms of 1 kHz from the start of picture FLASH on. */
async function* click(): AsyncGenerator<Float32Array> {
  const total = (FRAMES / FPS) * SOUND_RATE_HZ;
  const onset = (FLASH / FPS) * SOUND_RATE_HZ;
  for (let at = 0; at < total; at += 1_000)
    yield Float32Array.from({ length: Math.min(1_000, total - at) }, (_, i) =>
      at + i >= onset && at + i < onset + 960 ? 0.8 * Math.cos((2 * Math.PI * 1_000 * (at + i - onset)) / 48_000) : 0,
    );
}

async function write(format: "webm" | "mp4", name: string, sound = true): Promise<string> {
  const path = join(folder, name);
  const sink = new VideoSink({ path, format, fps: FPS, sound: sound ? click() : undefined });
  for (let i = 0; i < FRAMES; i++) await sink.add(picture(i));
  await sink.finish();
  return path;
}

async function packetsOf(path: string, type: "video" | "audio"): Promise<EncodedPacket[]> {
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const track = type === "video" ? await input.getPrimaryVideoTrack() : await input.getPrimaryAudioTrack();
  const packets: EncodedPacket[] = [];
  if (track !== null) for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
  input.dispose();
  return packets.sort((a, b) => a.timestamp - b.timestamp);
}

/** Luma planes of all pictures: of the colour stream, or of the alpha stream. */
async function lumaPlanes(packets: EncodedPacket[], codec: string, alpha: boolean, description?: Uint8Array) {
  const { VideoDecoder, EncodedVideoChunk } = await loadWebCodecs("test");
  const planes: Uint8Array[] = [];
  const pending: Promise<void>[] = [];
  const decoder = new VideoDecoder({
    output: (frame) => {
      const all = new Uint8Array(frame.allocationSize());
      pending.push(
        frame.copyTo(all).then(() => {
          planes[Math.round((frame.timestamp * FPS) / 1e6)] = all.subarray(0, SIDE * SIDE);
          frame.close();
        }),
      );
    },
    error: (error) => {
      throw error;
    },
  });
  decoder.configure({ codec, codedWidth: SIDE, codedHeight: SIDE, ...(description ? { description } : {}) });
  for (const packet of packets)
    decoder.decode(
      new EncodedVideoChunk({
        type: packet.type,
        timestamp: Math.round(packet.timestamp * 1e6),
        data: alpha ? packet.sideData.alpha! : packet.data,
      }),
    );
  await decoder.flush();
  await Promise.all(pending);
  decoder.close();
  return planes;
}

async function soundOf(path: string, codec: string): Promise<Float32Array> {
  const { AudioDecoder, EncodedAudioChunk } = await loadWebCodecs("test");
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const config = await (await input.getPrimaryAudioTrack())!.getDecoderConfig();
  input.dispose();
  const heard: number[] = [];
  const packets = await packetsOf(path, "audio");
  const decoder = new AudioDecoder({
    output: (data) => {
      const plane = new Float32Array(data.numberOfFrames);
      data.copyTo(plane, { planeIndex: 0, format: "f32-planar" });
      for (const value of plane) heard.push(value);
      data.close();
    },
    error: (error) => {
      throw error;
    },
  });
  decoder.configure({ ...config!, codec, description: config!.description as Uint8Array });
  for (const packet of packets)
    decoder.decode(
      new EncodedAudioChunk({ type: "key", timestamp: Math.round(packet.timestamp * 1e6), data: packet.data }),
    );
  await decoder.flush();
  decoder.close();
  // Samples before time 0 are not played.
  return Float32Array.from(heard).subarray(Math.max(0, Math.round(-packets[0]!.timestamp * SOUND_RATE_HZ)));
}

const mean = (plane: Uint8Array) => plane.reduce((sum, value) => sum + value, 0) / plane.length;
const at = (plane: Uint8Array, x: number, y: number) => plane[y * SIDE + x]!;

describe("webm", () => {
  let path: string;
  beforeAll(async () => {
    path = await write("webm", "head.webm");
  });

  it("has picture i at i / 25 s, and no more pictures than were given", async () => {
    const packets = await packetsOf(path, "video");
    expect(packets).toHaveLength(FRAMES);
    packets.forEach((packet, i) => {
      expect(packet.timestamp).toBeCloseTo(i / FPS, 6);
    });
  });

  it("has an alpha channel that decodes to the one that was given", async () => {
    const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
    expect(await (await input.getPrimaryVideoTrack())!.canBeTransparent()).toBe(true);
    input.dispose();
    const planes = await lumaPlanes(await packetsOf(path, "video"), "vp09.00.10.08", true);
    expect(planes).toHaveLength(FRAMES);
    for (let i = 0; i < FRAMES; i++) {
      const want = picture(i).rgba.filter((_, byte) => byte % 4 === 3);
      const error = Math.sqrt(mean(Uint8Array.from(want, (value, p) => Math.min(255, (value - planes[i]![p]!) ** 2))));
      expect(error, `alpha of picture ${i}`).toBeLessThan(6);
      expect(at(planes[i]!, 2, 2)).toBeLessThan(8);
      expect(at(planes[i]!, SIDE / 2, SIDE / 2)).toBeGreaterThan(247);
    }
  });

  it("keeps colours, and the flash is the picture that was bright", async () => {
    const planes = await lumaPlanes(await packetsOf(path, "video"), "vp09.00.10.08", false);
    // Y' of (200, 60, 40) is 16 + (65.481 * 200 + 128.553 * 60 + 24.966 * 40) / 255
    expect(Math.abs(at(planes[10]!, SIDE / 2, SIDE / 2) - 101.5)).toBeLessThan(5);
    const brightness = planes.map((plane) => at(plane, SIDE / 2, SIDE / 2));
    expect(brightness.indexOf(Math.max(...brightness))).toBe(FLASH);
  });

  it("sounds when it flashes", async () => {
    const sound = await soundOf(path, "opus");
    const onset = sound.findIndex((value) => Math.abs(value) > 0.3) / SOUND_RATE_HZ;
    // The test decodes packets itself, so the 6.5 ms that the header tells a player to skip are still there.
    expect(Math.abs(onset - 312 / SOUND_RATE_HZ - FLASH / FPS)).toBeLessThan(0.002);
  });
});

describe("mp4", () => {
  it("has pictures over the background and sound in time", async () => {
    const path = await write("mp4", "head.mp4");
    const packets = await packetsOf(path, "video");
    expect(packets.map((packet) => Math.round(packet.timestamp * FPS * 1000) / 1000)).toEqual(
      Array.from({ length: FRAMES }, (_, i) => i),
    );
    const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
    const config = await (await input.getPrimaryVideoTrack())!.getDecoderConfig();
    input.dispose();
    const inOrder = packets.sort((a, b) => a.sequenceNumber - b.sequenceNumber);
    const planes = await lumaPlanes(inOrder, config!.codec, false, config!.description as Uint8Array);
    const [r, g, b] = BACKGROUND;
    const background = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
    expect(Math.abs(at(planes[20]!, 2, 2) - background)).toBeLessThan(4);
    expect(Math.abs(at(planes[20]!, SIDE / 2, SIDE / 2) - 101.5)).toBeLessThan(5);

    const sound = await soundOf(path, "mp4a.40.2");
    const onset = sound.findIndex((value) => Math.abs(value) > 0.3) / SOUND_RATE_HZ;
    expect(Math.abs(onset - FLASH / FPS)).toBeLessThan(0.002);
  });

  it("is silent without sound", async () => {
    expect(await packetsOf(await write("mp4", "silent.mp4", false), "audio")).toHaveLength(0);
  });
});

describe("a video that cannot be made", () => {
  it("refuses pictures whose size changes", async () => {
    const sink = new VideoSink({ path: join(folder, "bad.webm"), name: "out.webm", format: "webm", fps: FPS });
    await sink.add(picture(0));
    const other = { width: 32, height: 32, rgba: new Uint8ClampedArray(32 * 32 * 4) };
    await expect(sink.add(other)).rejects.toMatchObject({
      code: "encode-failed",
      message: expect.stringMatching(/out\.webm.*32 x 32/),
    });
  });

  it("passes on what the sound reports", async () => {
    async function* broken(): AsyncGenerator<Float32Array> {
      yield new Float32Array(100);
      throw new Error("the tape tore");
    }
    const sink = new VideoSink({ path: join(folder, "torn.webm"), format: "webm", fps: FPS, sound: broken() });
    await expect(sink.add(picture(0))).rejects.toMatchObject({ message: expect.stringContaining("the tape tore") });
    await sink.cancel();
  });
});

describe("PNG sequence", () => {
  it("gives the pictures back exactly", async () => {
    const sink = new PngSink({ folder, target: "any/head.png" });
    await sink.add(picture(0));
    await sink.add(picture(FLASH));
    await sink.finish();
    const png = decodePng(await readFile(join(folder, "head-000001.png")));
    expect(png).toMatchObject({ width: SIDE, height: SIDE, channels: 4, depth: 8 });
    expect(Buffer.compare(Buffer.from(png.data as Uint8Array), Buffer.from(picture(FLASH).rgba))).toBe(0);
  });

  it("names files by number or by pattern", () => {
    expect(sequenceName("out/head.png", 7)).toBe("head-000007.png");
    expect(sequenceName("out/head-%04d.png", 7)).toBe("head-0007.png");
    expect(sequenceName("%d.png", 12)).toBe("12.png");
  });
});
