import { expect, it } from "vitest";
import { ARKIT_BLENDSHAPES, ARKIT_INDEX } from "../protocol/arkit.js";
import { EchoFrame } from "./echo-frame.js";

function frame(): EchoFrame {
  const blendshapes = new Float32Array(52);
  blendshapes[ARKIT_INDEX.jawOpen] = 0.5;
  const pose = Float32Array.of(0.5, 0.25, -0.5, 0, 0.125, 1);
  const rgba = new Uint8ClampedArray(16);
  return new EchoFrame({
    index: 7,
    timestampMs: 280,
    width: 2,
    height: 2,
    rgba,
    blendshapes,
    pose,
    state: "listening",
  });
}

it("gives coefficients and pose by their names", () => {
  const one = frame();
  const named = one.blendshapesByName();
  expect(Object.keys(named)).toEqual([...ARKIT_BLENDSHAPES]);
  expect(named).toMatchObject({ jawOpen: 0.5, mouthClose: 0 });
  expect(one.pose).toEqual({ yawRad: 0.5, pitchRad: 0.25, rollRad: -0.5, x: 0, y: 0.125, z: 1 });
});

it("gives nothing any more once it is closed, and closes twice without complaint", () => {
  const one = frame();
  one.close();
  one.close();
  expect(one.closed).toBe(true);
  for (const read of [() => one.rgba, () => one.blendshapes, () => one.blendshapesByName(), () => one.toVideoFrame()])
    expect(read).toThrow(expect.objectContaining({ code: "disposed" }));
  expect(one.pose.yawRad).toBe(0.5); // small things stay
});

it("says where pictures of a browser are not to be had", async () => {
  await expect(frame().toImageBitmap()).rejects.toThrow("works in browsers only");
  expect(() => frame().toVideoFrame()).toThrow("works in browsers with WebCodecs only");
});
