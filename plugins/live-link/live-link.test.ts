import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { copyFace } from "../face/face-frame.js";
import { faceFrame, goldenFace, TestSource } from "../face/test-frames.fixture.js";
import { encodeIFacialMocap, encodeLiveLinkFace, IFACIALMOCAP_HELLO, IFacialMocapSender, LiveLinkFaceSender, timeCode } from "./index.js"; // biome-ignore format: one import

/** Packets packed by Python's struct module in the published layouts, not by this code. */
const golden = (name: string) => readFileSync(new URL(`./golden/${name}`, import.meta.url));
const deviceId = "6f1c1f4e-7a52-4a3e-9a38-0a3a7c5b9d11";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A UDP socket that keeps what it gets. */
async function receiver(address = "127.0.0.1", port = 0): Promise<{ socket: Socket; port: number; got: Buffer[] }> {
  const socket = createSocket("udp4");
  const got: Buffer[] = [];
  socket.on("message", (bytes) => got.push(bytes));
  socket.bind(port, address);
  await once(socket, "listening");
  ends.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { socket, port: (socket.address() as AddressInfo).port, got };
}

it("packs a face as Live Link Face does, byte for byte", () => {
  const header = { deviceId, subject: "Ådä", frameNumber: 4321, subFrame: 0.5, fps: 60 };
  const packet = Buffer.from(encodeLiveLinkFace(copyFace(goldenFace()), header));
  expect(packet.toString("hex")).toBe(golden("live-link-face.bin").toString("hex"));
  expect(() => encodeLiveLinkFace(copyFace(goldenFace()), { ...header, deviceId: "short" })).toThrow(/36 bytes/);
});

it("counts the time code from midnight", () => {
  expect(timeCode(new Date(2026, 0, 2, 0, 0, 1, 508), 60)).toEqual({
    frameNumber: 90,
    subFrame: expect.closeTo(0.48, 6),
  });
  expect(timeCode(new Date(2026, 0, 2, 23, 59, 59, 0), 60).frameNumber).toBe(86_399 * 60);
});

it.each([1, 2] as const)("writes a face as iFacialMocap does, version %i", (version) => {
  expect(encodeIFacialMocap(copyFace(goldenFace()), version)).toBe(golden(`ifacialmocap-v${version}.txt`).toString());
});

it("sends whole percents and no minus sign that version 1 would take for a hyphen", () => {
  const [shapes, rest] = encodeIFacialMocap(copyFace(faceFrame({ jawOpen: 0.1234, mouthLeft: 1 })), 1).split("=");
  const pairs = shapes!.split("|").filter(Boolean);
  expect(pairs).toHaveLength(52);
  for (const pair of pairs) expect(pair).toMatch(/^[a-z]+[A-Za-z]*(_[LR])?-\d{1,3}$/);
  expect(pairs).toContain("jawOpen-12");
  expect(pairs).toContain("mouthLeft-100");
  expect(pairs).toContain("eyeBlink_L-0");
  expect(rest).toBe("head#0,0,0,0,0,0|rightEye#0,0,0|leftEye#0,0,0|");
});

it("sends Live Link Face packets over UDP, and closes frames and socket", async () => {
  const { port, got } = await receiver();
  const sender = await LiveLinkFaceSender.open({ port, subject: "Ada", deviceId });
  const source = new TestSource();
  const attached = sender.attach(source);
  const frame = goldenFace();
  source.push(frame);
  await expect.poll(() => got.length).toBe(1);
  expect(frame.closed).toBe(1);
  const expected = golden("live-link-face.bin");
  expect(got[0]!.length).toBe(expected.length - 2); // "Ada" is two bytes shorter than "Ådä"
  expect(got[0]!.subarray(-245).equals(expected.subarray(-245))).toBe(true); // the count and the 61 floats
  expect(got[0]!.readInt32BE(41)).toBe(3);
  await expect.poll(() => sender.stats.sent).toBe(1);
  await sender.dispose();
  await sender.dispose();
  await attached;
  expect(source.ended).toBe(true);
});

it("answers who asks for faces on the fixed port, in the version asked for", async () => {
  // The sender plays the phone; the receiver asks from another port than it listens on, as many do.
  const asking = await receiver();
  const listening = await receiver();
  const phone = await receiver();
  const phonePort = phone.port;
  await new Promise<void>((resolve) => phone.socket.close(() => resolve()));
  ends.pop();
  const sender = await IFacialMocapSender.open({ port: listening.port, listenPort: phonePort });
  ends.push(() => sender.dispose());
  asking.socket.send("hello", phonePort, "127.0.0.1");
  asking.socket.send(`${IFACIALMOCAP_HELLO}|sendDataVersion=v2`, phonePort, "127.0.0.1");
  await expect.poll(() => sender.receivers).toEqual(["127.0.0.1"]);
  sender.send(goldenFace());
  await expect.poll(() => listening.got.map(String)).toEqual([golden("ifacialmocap-v2.txt").toString()]);
  asking.socket.send(IFACIALMOCAP_HELLO, phonePort, "127.0.0.1");
  await expect
    .poll(() => {
      sender.send(goldenFace());
      return String(listening.got.at(-1));
    })
    .toBe(golden("ifacialmocap-v1.txt").toString());
  expect(sender.receivers).toHaveLength(1);
});

it("sends to a host without being asked, and does not take the port from a receiver here", async () => {
  const { port, got } = await receiver();
  const sender = await IFacialMocapSender.open({ host: "127.0.0.1", port });
  sender.send(faceFrame());
  await expect.poll(() => got.length).toBe(1);
  await sender.dispose();
  sender.send(faceFrame());
  await expect(IFacialMocapSender.open({ port: 0 })).rejects.toThrow(/options\.port/);
  await expect(LiveLinkFaceSender.open({ deviceId: "x" })).rejects.toThrow(/options\.deviceId/);
  await expect(LiveLinkFaceSender.open({ hots: "x" } as never)).rejects.toThrow(/options\.hots/);
});
