import { expect, it } from "vitest";
import type { GpuPicture } from "../protocol/picture.js";
import { EchoFrame } from "./echo-frame.js";
import { holdPicture, letPictureGo } from "./held-pictures.js";

function gpuPicture() {
  const counts = { freed: 0, read: 0 };
  const picture = {
    texture: { width: 2 },
    device: { label: "lent" },
    read: async () => {
      counts.read += 1;
      return new Uint8ClampedArray(16).fill(7);
    },
    free: () => {
      counts.freed += 1;
    },
  } as unknown as GpuPicture;
  return { picture, counts };
}

const frameOf = (rgba: GpuPicture | Uint8ClampedArray): EchoFrame =>
  new EchoFrame({
    index: 7,
    timestampMs: 280,
    width: 2,
    height: 2,
    rgba,
    blendshapes: new Float32Array(52),
    pose: new Float32Array(6),
    state: "listening",
  });

it("is freed with the last frame that shows it, once", () => {
  const { picture, counts } = gpuPicture();
  const [a, b] = [frameOf(picture), frameOf(picture)];
  a.close();
  a.close();
  expect(counts.freed).toBe(0);
  b.close();
  expect(counts.freed).toBe(1);
});

it("is freed at once where nobody has shown it, and stays while somebody holds it beside the frames", () => {
  const unseen = gpuPicture();
  letPictureGo(unseen.picture);
  expect(unseen.counts.freed).toBe(1);
  const { picture, counts } = gpuPicture();
  holdPicture(picture);
  frameOf(picture).close();
  expect(counts.freed).toBe(0);
  letPictureGo(picture);
  expect(counts.freed).toBe(1);
});

it("is read back when a frame is asked for it, and not before", async () => {
  const { picture, counts } = gpuPicture();
  const frame = frameOf(picture);
  expect([frame.texture, frame.device, frame.bitmap]).toEqual([picture.texture, picture.device, undefined]);
  expect(() => frame.rgba).toThrow(expect.objectContaining({ code: "picture-on-gpu" }));
  expect(counts.read).toBe(0);
  expect(await frame.readRgba()).toEqual(new Uint8ClampedArray(16).fill(7));
  frame.close();
  expect(() => frame.texture).toThrow(expect.objectContaining({ code: "disposed" }));
});

it("in memory is read as it is", async () => {
  const bytes = new Uint8ClampedArray(16);
  const frame = frameOf(bytes);
  expect(await frame.readRgba()).toBe(bytes);
  expect([frame.texture, frame.device, frame.bitmap]).toEqual([undefined, undefined, undefined]);
});
