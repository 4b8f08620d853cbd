import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ARKIT_BLENDSHAPES, type HeadPose } from "echo-head";
import { LiveLinkFaceSender } from "echo-head/live-link";
import { VmcSender } from "echo-head/vmc";
import { VTubeStudioSender } from "echo-head/vtube-studio";
import { decode, encode } from "fast-png";
import OSC from "osc-js";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faceFrame, type TestFrame } from "../../plugins/face/test-frames.fixture.js";
import { FakeVTubeStudio } from "../../plugins/vtube-studio/fake-vtube-studio.fixture.js";
import { makeSampleVrm } from "../../tools/sample-vrm/make.mjs";
import { chromiumPath, openChromium } from "./chromium.js";
import { servePage } from "./page-server.js";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** Side of one face in the pictures, in pixels. */
const SIDE = 240;

/** At rest, speaking, smiling, and turned to the avatar's left with one eye shut. */
const FACES: readonly (() => TestFrame)[] = [
  () => faceFrame(),
  () => faceFrame({ jawOpen: 0.7, mouthFunnel: 0.2, browInnerUp: 0.4 }),
  () => faceFrame({ mouthSmileLeft: 0.9, mouthSmileRight: 0.9, cheekSquintLeft: 0.5, cheekSquintRight: 0.5 }),
  () => faceFrame({ eyeBlinkLeft: 1, browDownRight: 0.5 }, { yawRad: 0.45 }),
];

/** What a receiver has read: coefficients by name, and how far the head is turned to the avatar's left. */
type Read = { readonly values: Readonly<Record<string, number>>; readonly pose: Partial<HeadPose> };

describe.skipIf(chromiumPath === undefined)("what a receiver reads off the network", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "echo-head-receivers-"));
  let site: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    writeFileSync(join(folder, "robin.vrm"), makeSampleVrm());
    site = await servePage({ script: at("plugins/vrm/vrm-page.fixture.ts"), folders: { "/vrm/": folder } });
    browser = await openChromium();
    page = await browser.newPage({ viewport: { width: 480, height: 480 } });
    await page.goto(site.url);
    await page.waitForFunction(() => window.vrmCalls !== undefined);
    await page.evaluate(() => window.vrmCalls.load("/vrm/robin.vrm"));
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The sample avatar with these faces, beside each other; with WRITE_DOCS=1 it becomes the plugin's picture. */
  async function drawAvatar(faces: readonly Read[], file: string): Promise<Uint8Array[]> {
    const pictures: Uint8Array[] = [];
    for (const { values, pose } of faces) {
      await page.evaluate(([v, p]) => window.vrmCalls.show(v, p), [values, pose] as const);
      pictures.push(await page.screenshot());
    }
    return keep(pictures.map(halved), file);
  }

  it("in VMC messages, by osc-js, moves a VRM avatar", async () => {
    const { socket, port, packets } = await udpReceiver();
    const sender = await VmcSender.open({ receiver: "marionette", port, names: "vrm1", expressions: "perfect-sync" });
    const faces: Read[] = [];
    for (const face of FACES) {
      packets.length = 0;
      sender.send(face());
      const messages = () => packets.flatMap(oscMessages);
      await expect.poll(() => messages().at(-1)?.address, { timeout: 20_000 }).toBe("/VMC/Ext/Blend/Apply");
      const values: Record<string, number> = {};
      let yawRad = 0;
      for (const { address, args } of messages()) {
        if (address === "/VMC/Ext/Blend/Val") values[args[0] as string] = args[1] as number;
        // Unity's y axis: a positive angle turns to the avatar's right.
        if (address === "/VMC/Ext/Bone/Pos" && ["Neck", "Head"].includes(args[0] as string))
          yawRad -= 2 * Math.atan2(args[5] as number, args[7] as number);
      }
      faces.push({ values, pose: { yawRad } });
    }
    await sender.dispose();
    socket.close();
    expect(faces[3]!.pose.yawRad).toBeCloseTo(0.45, 2);
    expectDifferent(await drawAvatar(faces, "plugins/vmc/images/robin.png"));
  });

  it("in Live Link Face packets, by their published layout, moves a VRM avatar", async () => {
    const { socket, port, packets } = await udpReceiver();
    const sender = await LiveLinkFaceSender.open({ host: "127.0.0.1", port, subject: "Ada" });
    const faces: Read[] = [];
    for (const face of FACES) {
      packets.length = 0;
      sender.send(face());
      await expect.poll(() => packets.length, { timeout: 20_000 }).toBe(1);
      const packet = packets[0]!;
      const start = 4 + 37 + 4 + packet.readInt32BE(4 + 37) + 16;
      expect(packet[start]).toBe(61);
      const read = (index: number): number => packet.readFloatBE(start + 1 + 4 * index);
      const values = Object.fromEntries(ARKIT_BLENDSHAPES.map((name, i) => [name, read(i)]));
      faces.push({ values, pose: { yawRad: read(52) } });
    }
    await sender.dispose();
    socket.close();
    expect(faces[3]!.pose.yawRad).toBeCloseTo(0.45, 5);
    expectDifferent(await drawAvatar(faces, "plugins/live-link/images/robin.png"));
  });

  it("in VTube Studio's parameters moves a drawing", async () => {
    const studio = await FakeVTubeStudio.open();
    const token = { load: () => null, save: () => {} };
    const sender = await VTubeStudioSender.open({ token, url: studio.url });
    await expect.poll(() => sender.state, { timeout: 30_000 }).toBe("connected");
    const drawn: Uint8Array[] = [];
    const canvas = await browser.newPage({ viewport: { width: SIDE, height: SIDE } });
    for (const face of FACES) {
      const before = studio.injections.length;
      sender.send(face());
      await expect.poll(() => studio.injections.length, { timeout: 20_000 }).toBeGreaterThan(before);
      await canvas.setContent(drawing((id) => studio.injections.at(-1)!.values.get(id)!));
      drawn.push(await canvas.screenshot());
    }
    await sender.dispose();
    await studio.close();
    await canvas.close();
    expectDifferent(keep(drawn.map(pixelsOf), "plugins/vtube-studio/images/parameters.png"));
  });
});

async function udpReceiver() {
  const socket = createSocket("udp4");
  const packets: Buffer[] = [];
  socket.on("message", (packet) => packets.push(packet));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, port: (socket.address() as AddressInfo).port, packets };
}

function oscMessages(packet: Buffer): { address: string; args: unknown[] }[] {
  const bundle = new OSC.Bundle();
  bundle.unpack(new DataView(packet.buffer, packet.byteOffset, packet.byteLength));
  return (bundle.bundleElements as OSC.Message[]).map(({ address, args }) => ({ address, args }));
}

/** A face of circles and lines that a model's mapping could stand for: SVG, 240 x 240. */
function drawing(value: (id: string) => number): string {
  const [x, y] = [value("FaceAngleX") * 0.9, -value("FaceAngleY") * 0.9];
  const eye = (side: "Left" | "Right", cx: number) => {
    const open = Math.max(1, 17 * value(`EyeOpen${side}`));
    const brow = 74 - 22 * value(`Brow${side}Y`);
    return `<ellipse cx="${cx + x}" cy="${98 + y}" rx="15" ry="${open}" fill="#fff"/>
      <circle cx="${cx + x + 7 * value(`Eye${side}X`)}" cy="${98 + y}" r="${Math.min(8, open)}" fill="#274b5f"/>
      <path d="M${cx + x - 17} ${brow + y} h34" stroke="#4a3527" stroke-width="5" stroke-linecap="round"/>`;
  };
  const smile = 28 * (value("MouthSmile") - 0.5);
  const open = 34 * value("MouthOpen");
  return `<body style="margin:0"><svg width="${SIDE}" height="${SIDE}" style="background:#20303a">
    <g transform="rotate(${value("FaceAngleZ")} 120 130)"><ellipse cx="120" cy="120" rx="78" ry="92" fill="#e8b796"/>
    ${eye("Right", 88)}${eye("Left", 152)}
    <path d="M${118 + x} ${112 + y} l${4 + x / 6} 22 h-8" fill="none" stroke="#c48a68" stroke-width="3"/>
    <path d="M${90 + x} ${164 + y - smile / 2} Q${120 + x} ${164 + y + smile - open / 3} ${150 + x} ${164 + y - smile / 2}
      Q${120 + x} ${168 + y + smile + open} ${90 + x} ${164 + y - smile / 2} Z" fill="#8c3b3b" stroke="#8c3b3b" stroke-width="3"/>
    </g></svg>`;
}

/** RGB pixels of a PNG. */
function pixelsOf(png: Uint8Array): Uint8Array {
  const { data, channels } = decode(png);
  return Uint8Array.from(
    { length: (data.length / channels) * 3 },
    (_, i) => data[Math.floor(i / 3) * channels + (i % 3)]!,
  );
}

/** RGB pixels of a PNG of twice the side: the mean of each four. */
function halved(png: Uint8Array): Uint8Array {
  const [all, row] = [pixelsOf(png), 2 * SIDE * 3];
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % SIDE, Math.floor(i / 3 / SIDE)];
    const from = 2 * y * row + 6 * x + c;
    return (all[from]! + all[from + 3]! + all[from + row]! + all[from + row + 3]!) / 4;
  });
}

/** Writes the pictures beside each other: into build/screenshots, and with WRITE_DOCS=1 where the plugin's page shows it. */
function keep(pictures: readonly Uint8Array[], file: string): Uint8Array[] {
  const width = SIDE * pictures.length;
  const data = Uint8Array.from({ length: width * SIDE * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return pictures[Math.floor(x / SIDE)]![(y * SIDE + (x % SIDE)) * 3 + c]!;
  });
  const png = encode({ width, height: SIDE, data, channels: 3, depth: 8 });
  const places = [`build/screenshots/${file.replaceAll("/", "-")}`, ...(process.env.WRITE_DOCS ? [file] : [])];
  for (const place of places.map(at)) {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, png);
  }
  return [...pictures];
}

/** Each face differs from the one at rest, and from the others. */
function expectDifferent(pictures: readonly Uint8Array[]): void {
  pictures.forEach((picture, i) => {
    for (const other of pictures.slice(0, i)) {
      const changed = picture.reduce((sum, value, p) => sum + (Math.abs(value - other[p]!) > 24 ? 1 : 0), 0);
      expect(changed / picture.length).toBeGreaterThan(0.005);
    }
  });
}
