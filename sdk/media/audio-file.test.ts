import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAudioFile } from "./audio-file.js";
import { mp3FrameLength } from "./mp3-frames.js";
import { sine, type WavCoding, writeWav } from "./wav-writing.fixture.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-audio-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string) => join(import.meta.dirname, "../../fixtures/audio", name);

function place(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function decode(path: string, sampleRateHz = 16_000): Promise<Float32Array> {
  const parts: number[] = [];
  for await (const chunk of (await openAudioFile(path)).mono({ sampleRateHz })) for (const v of chunk) parts.push(v);
  return Float32Array.from(parts);
}

function rms(pcm: Float32Array): number {
  return Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / pcm.length);
}

/** Largest normalised correlation of two signals within `reach` samples of each other, and the shift at which it lies. */
function bestShift(a: Float32Array, b: Float32Array, reach: number): { shift: number; correlation: number } {
  let best = { shift: 0, correlation: -1 };
  for (let shift = -reach; shift <= reach; shift++) {
    let ab = 0;
    let aa = 0;
    let bb = 0;
    for (let i = reach; i < Math.min(a.length, b.length) - reach; i++) {
      ab += a[i]! * b[i + shift]!;
      aa += a[i]! ** 2;
      bb += b[i + shift]! ** 2;
    }
    const correlation = ab / Math.sqrt(aa * bb);
    if (correlation > best.correlation) best = { shift, correlation };
  }
  return best;
}

async function refusal(path: string): Promise<{ code: string; message: string }> {
  const error = await decode(path).then(
    () => undefined,
    (reason: { code: string; message: string }) => reason,
  );
  expect(error, `${path} must be refused`).toBeDefined();
  expect(error!.message).toContain(path);
  expect(error!.message).not.toContain("\n");
  return error!;
}

describe("recordings that work", () => {
  it.each<[WavCoding, number, number]>([
    ["u8", 8_000, 1],
    ["s16", 44_100, 2],
    ["s24", 192_000, 6],
    ["s32", 48_000, 1],
    ["f32", 16_000, 1],
    ["f64", 96_000, 2],
    ["s16", 11_025, 1],
  ])("WAV %s, %i Hz, %i channels", async (coding, sampleRateHz, channels) => {
    const samples = sine({ hz: 440, seconds: 0.5, sampleRateHz, channels });
    const path = place("tone.wav", writeWav({ samples, sampleRateHz, channels, coding }));
    const file = await openAudioFile(path);
    expect(file).toMatchObject({ sampleRateHz, channels });
    expect(file.durationS).toBeCloseTo(0.5, 3);
    const pcm = await decode(path);
    expect(pcm.length).toBe(Math.ceil(((samples.length / channels) * 16_000) / sampleRateHz));
    const want = sine({ hz: 440, seconds: 0.5, sampleRateHz: 16_000 });
    const { shift, correlation } = bestShift(pcm, want, 40);
    expect(shift).toBe(0);
    expect(correlation).toBeGreaterThan(0.9999);
    expect(rms(pcm)).toBeCloseTo(0.5 / Math.SQRT2, 2);
  });

  it.each(["speech.mp3", "speech.opus"])("%s lies where the lossless recording lies", async (name) => {
    const lossless = await decode(fixture("speech.flac"));
    const lossy = await decode(fixture(name));
    expect(lossless.length).toBe(19_200); // 1.2 s
    expect(lossy.length).toBe(19_200);
    const { shift, correlation } = bestShift(lossless, lossy, 60);
    expect(Math.abs(shift)).toBeLessThanOrEqual(8); // half a millisecond
    expect(correlation).toBeGreaterThan(0.85);
  });

  it("six channels of Opus", async () => {
    const file = await openAudioFile(fixture("speech-6ch.opus"));
    expect(file.channels).toBe(6);
    const pcm = await decode(fixture("speech-6ch.opus"));
    expect(pcm.length).toBe(19_200);
    // The voice is in the centre channel alone, and as loud as in the recording of one channel.
    expect(rms(pcm)).toBeGreaterThan(0.9 * rms(await decode(fixture("speech.opus"))));
  });

  it("silence stays silence", async () => {
    const path = place("silent.wav", writeWav({ samples: new Float32Array(8_000), sampleRateHz: 16_000 }));
    expect(rms(await decode(path))).toBe(0);
  });

  it("what is too loud is clipped, not refused", async () => {
    const loud = sine({ hz: 200, seconds: 0.25, sampleRateHz: 22_050, amplitude: 1e30 });
    const pcm = await decode(place("loud.wav", writeWav({ samples: loud, sampleRateHz: 22_050, coding: "f32" })));
    expect(Math.max(...pcm)).toBe(1);
    expect(Math.min(...pcm)).toBe(-1);
  });

  it("a WAV of unknown length, as programs stream it", async () => {
    const wav = writeWav({ samples: sine({ hz: 300, seconds: 0.2, sampleRateHz: 16_000 }), sampleRateHz: 16_000 });
    wav.writeUInt32LE(0xffff_ffff, 4);
    wav.writeUInt32LE(0xffff_ffff, 40);
    expect((await decode(place("streamed.wav", wav))).length).toBe(3_200);
  });

  it("decodes a long recording in bounded memory", async () => {
    const second = writeWav({
      samples: sine({ hz: 440, seconds: 1, sampleRateHz: 48_000, channels: 2 }),
      sampleRateHz: 48_000,
      channels: 2,
    });
    const seconds = 60;
    const body = second.subarray(44);
    const whole = Buffer.concat([second.subarray(0, 44), ...Array.from({ length: seconds }, () => body)]);
    whole.writeUInt32LE(36 + body.length * seconds, 4);
    whole.writeUInt32LE(body.length * seconds, 40);
    const path = place("long.wav", whole);
    let count = 0;
    let longest = 0;
    for await (const chunk of (await openAudioFile(path)).mono({ sampleRateHz: 16_000 })) {
      count += chunk.length;
      longest = Math.max(longest, chunk.length);
    }
    expect(count).toBe(seconds * 16_000);
    expect(longest).toBeLessThan(16_000); // less than a second at a time
  });
});

describe("recordings that are refused with one clear line", () => {
  it("a missing file", async () => {
    const error = await refusal(join(folder, "absent.wav"));
    expect(error).toMatchObject({ code: "input-unreadable", message: expect.stringContaining("no such file") });
  });

  it("a folder", async () => {
    expect(await refusal(folder)).toMatchObject({
      code: "input-unreadable",
      message: expect.stringContaining("folder"),
    });
  });

  it("an empty file", async () => {
    expect((await refusal(place("empty.wav", ""))).message).toContain("empty");
  });

  it.each([
    ["text.mp3", "This is a letter, not a recording.\n".repeat(50)],
    ["picture.wav", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")],
    ["noise.opus", Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919 + 13) % 251))],
  ])("%s, which is no recording", async (name, content) => {
    expect((await refusal(place(name, content))).message).toMatch(/byte 0: this is not a WAV, FLAC, MP3 or Ogg Opus/);
  });

  it("Ogg Vorbis, which it names", async () => {
    expect((await refusal(fixture("speech.ogg"))).message).toContain("vorbis");
  });

  it("a WAV without samples", async () => {
    const path = place("hollow.wav", writeWav({ samples: [], sampleRateHz: 16_000 }));
    expect((await refusal(path)).message).toContain("no samples");
  });

  it.each(["speech.flac", "speech.mp3", "speech.opus"])("%s cut off in the middle", async (name) => {
    const whole = await readFile(fixture(name));
    const path = place(name, whole.subarray(0, Math.floor(whole.length * 0.6)));
    expect((await refusal(path)).message).toMatch(/cut off/);
  });

  it("an MP3 without a length tag, cut off within a frame", async () => {
    const file = await readFile(fixture("speech.mp3"));
    expect(file.toString("latin1", 0, 3)).toBe("ID3");
    const whole = file.subarray(10 + file[8]! * 128 + file[9]!);
    const tag = mp3FrameLength(whole.readUInt32BE(0))!;
    expect(whole.subarray(0, tag).includes("Info")).toBe(true);
    const bare = whole.subarray(tag);
    const frame = mp3FrameLength(bare.readUInt32BE(0))!;
    expect((await decode(place("bare.mp3", bare))).length).toBeGreaterThan(19_000);
    const cut = place("cut.mp3", bare.subarray(0, 10 * frame + 50));
    expect((await refusal(cut)).message).toMatch(/the file is cut off: its last frame lacks \d+ bytes/);
  });

  it("a WAV cut off in the sound, and one cut off in the header", async () => {
    const wav = writeWav({ samples: sine({ hz: 300, seconds: 1, sampleRateHz: 16_000 }), sampleRateHz: 16_000 });
    const path = place("cut.wav", wav);
    truncateSync(path, 20_000);
    expect((await refusal(path)).message).toMatch(/byte 20000: the file is cut off: .* 32000 bytes .* 19956/);
    truncateSync(path, 30);
    await refusal(path);
  });

  it("a WAV whose outer length is too short for its sound", async () => {
    const wav = writeWav({ samples: sine({ hz: 300, seconds: 1, sampleRateHz: 16_000 }), sampleRateHz: 16_000 });
    wav.writeUInt32LE(36 + 8_000, 4);
    expect((await refusal(place("short.wav", wav))).message).toContain("16000 samples are promised, 4000 can be");
  });

  it("an Ogg Opus whose structure is damaged", async () => {
    const bytes = await readFile(fixture("speech.opus"));
    bytes.fill(0, 100, 1_400);
    expect((await refusal(place("hole.opus", bytes))).message).toMatch(/damaged|no samples/);
  });

  it("a FLAC whose middle is damaged", async () => {
    const bytes = await readFile(fixture("speech.flac"));
    bytes.fill(0, 15_000, 16_000);
    expect((await refusal(place("damaged.flac", bytes))).message).toMatch(/damaged/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("a sample that is %s", async (value) => {
    const samples = sine({ hz: 300, seconds: 1, sampleRateHz: 16_000, channels: 2 });
    samples[2 * 8_000 + 1] = value;
    const path = place("bad.wav", writeWav({ samples, sampleRateHz: 16_000, channels: 2, coding: "f32" }));
    const { message } = await refusal(path);
    expect(message).toContain("0.500 s (sample 8000), channel 2");
    expect(message).toContain(String(value));
  });
});
