import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import OSC from "osc-js";
import { expect, it } from "vitest";
import { copyFace } from "../face/face-frame.js";
import { faceFrame, goldenFace, TestSource } from "../face/test-frames.fixture.js";
import { bundlesOf, type VmcMessageOptions, VmcSender, vmcMessages } from "./index.js";

type Heard = { address: string; types: string; args: unknown[] };

/** Reads packets with osc-js, which shares no code with the sender. */
function parse(packets: readonly Uint8Array[]): Heard[][] {
  return packets.map((packet) => {
    const bundle = new OSC.Bundle();
    bundle.unpack(new DataView(packet.buffer, packet.byteOffset, packet.byteLength));
    return (bundle.bundleElements as OSC.Message[]).map(({ address, types, args }) => ({ address, types, args }));
  });
}

const OPTIONS: VmcMessageOptions = {
  receiver: "performer",
  names: "vrm0",
  expressions: "perfect-sync",
  moods: 0.6,
  neckShare: 0.25,
  bones: { Neck: [0, 0.5, 0], Head: [0, 0.25, 0.125], LeftEye: [-0.5, 0, 0], RightEye: [0.5, 0, 0] },
};
const heard = (face = goldenFace(), options: Partial<VmcMessageOptions> = {}) =>
  parse(bundlesOf(vmcMessages(copyFace(face), 1.5, { ...OPTIONS, ...options })));
const blends = (messages: Heard[]) =>
  new Map(messages.filter(({ address }) => address === "/VMC/Ext/Blend/Val").map(({ args }) => [args[0], args[1]]));

it("splits a face into bundles that fit one Ethernet frame, and applies it at the end", () => {
  const packets = bundlesOf(vmcMessages(copyFace(goldenFace()), 1.5, { ...OPTIONS, expressions: "both" }));
  expect(packets.length).toBeGreaterThan(1);
  for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(1_452);
  const messages = parse(packets).flat();
  expect(messages.filter(({ address }) => address === "/VMC/Ext/Blend/Apply")).toHaveLength(1);
  expect(messages.at(-1)).toEqual({ address: "/VMC/Ext/Blend/Apply", types: ",", args: [] });
  expect(messages[0]).toEqual({ address: "/VMC/Ext/OK", types: ",iiii", args: [1, 3, 0, 1] });
  expect(messages[1]).toEqual({ address: "/VMC/Ext/T", types: ",f", args: [1.5] });
});

it("sends every value as a float, 0 and 1 too", () => {
  const messages = heard(faceFrame({ jawOpen: 1 })).flat();
  const values = messages.filter(({ address }) => address === "/VMC/Ext/Blend/Val");
  expect(values).toHaveLength(52);
  for (const { types } of values) expect(types).toBe(",sf");
  expect(blends(messages).get("JawOpen")).toBe(1);
  for (const { types } of messages.filter(({ address }) => address === "/VMC/Ext/Bone/Pos"))
    expect(types).toBe(",sfffffff");
});

it("writes the names of VRM 0 and of VRM 1", () => {
  const face = faceFrame({ jawOpen: 0.6, eyeBlinkLeft: 1, browDownLeft: 0.5 });
  const zero = blends(heard(face, { expressions: "both" }).flat());
  expect([...zero.keys()]).toEqual(
    expect.arrayContaining(["A", "I", "U", "E", "O", "Blink_L", "Blink_R", "Joy", "Angry", "Sorrow", "BrowDownLeft"]),
  );
  expect([zero.get("A"), zero.get("Blink_L"), zero.get("Blink_R"), zero.get("BrowDownLeft")]).toEqual([1, 1, 0, 0.5]);
  const one = blends(heard(face, { expressions: "both", names: "vrm1" }).flat());
  expect([...one.keys()]).toEqual(
    expect.arrayContaining(["aa", "ih", "ou", "ee", "oh", "blinkLeft", "happy", "browDownLeft"]),
  );
  expect([one.get("aa"), one.get("blinkLeft"), one.get("browDownLeft")]).toEqual([1, 1, 0.5]);
  expect(one.has("A")).toBe(false);
  const presets = blends(heard(face, { expressions: "presets" }).flat());
  expect([presets.has("JawOpen"), presets.get("A")]).toEqual([false, 1]);
});

it("turns neck and head for Unity, and the eyes as the receiver wants it", () => {
  const face = faceFrame({ eyeLookOutLeft: 1, eyeLookInRight: 1 }, { yawRad: 0.8 });
  const bones = (messages: Heard[]) =>
    new Map(
      messages.filter(({ address }) => address === "/VMC/Ext/Bone/Pos").map(({ args }) => [args[0], args.slice(1)]),
    );
  const performer = heard(face).flat();
  const [neck, head] = [bones(performer).get("Neck")!, bones(performer).get("Head")!] as [number[], number[]];
  expect(neck.slice(0, 3)).toEqual([0, 0.5, 0]);
  expect(head.slice(0, 3)).toEqual([0, 0.25, 0.125]);
  expect(neck[4]).toBeCloseTo(-Math.sin(0.1), 6); // a quarter of 0.8 rad to the left, which is -y in Unity
  expect(head[4]).toBeCloseTo(-Math.sin(0.3), 6);
  expect(head[6]).toBeCloseTo(Math.cos(0.3), 6);
  const eye = performer.find(({ address }) => address === "/VMC/Ext/Set/Eye")!;
  expect(eye.types).toBe(",ifff");
  const [enabled, x, y, z] = eye.args as number[];
  expect([enabled, y]).toEqual([1, 0]);
  expect(x).toBeCloseTo(-0.5, 6); // 30 degrees to the left, a metre away
  expect(z).toBeCloseTo(Math.cos(Math.PI / 6), 6);
  const marionette = heard(face, { receiver: "marionette" }).flat();
  expect(marionette.some(({ address }) => address === "/VMC/Ext/Set/Eye")).toBe(false);
  expect((bones(marionette).get("LeftEye") as number[])[4]).toBeCloseTo(-Math.sin(Math.PI / 12), 6);
  expect(bones(heard(face, { bones: false }).flat()).size).toBe(0);
});

it("sends over UDP until it is disposed", async () => {
  const socket = createSocket("udp4");
  const packets: Buffer[] = [];
  socket.on("message", (bytes) => packets.push(bytes));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const vmc = await VmcSender.open({ port: (socket.address() as AddressInfo).port });
  const source = new TestSource();
  const attached = vmc.attach(source);
  const frame = faceFrame({ mouthSmileLeft: 0.5 });
  source.push(frame);
  await expect.poll(() => packets.length).toBe(2);
  expect(frame.closed).toBe(1);
  const messages = parse(packets).flat();
  expect(blends(messages).get("MouthSmileLeft")).toBe(0.5);
  expect(messages.at(-1)!.address).toBe("/VMC/Ext/Blend/Apply");
  await expect.poll(() => vmc.stats).toMatchObject({ frames: 1, sent: 2, failed: 0 });
  await vmc.dispose();
  await vmc.dispose();
  await attached;
  vmc.send(faceFrame());
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  expect(packets).toHaveLength(2);
});

it("names the option that is wrong", async () => {
  await expect(VmcSender.open({ port: 70_000 })).rejects.toThrow(/options\.port/);
  await expect(VmcSender.open({ names: "vrm2" as never })).rejects.toThrow(/options\.names/);
  await expect(VmcSender.open({ neckShare: 2 })).rejects.toThrow(/options\.neckShare/);
  await expect(VmcSender.open({ prot: 1 } as never)).rejects.toThrow(/options\.prot/);
});
