import { describe, expect, it } from "vitest";
import { copyFace } from "./face-frame.js";
import { FramePump } from "./frame-pump.js";
import { gazeOf } from "./gaze.js";
import { faceFrame, TestSource } from "./test-frames.fixture.js";
import { multiply, type Quaternion, turnForUnity, turnQuaternion } from "./turn.js";
import { presetsOf } from "./vrm-presets.js";

const angles = { yawRad: 0, pitchRad: 0, rollRad: 0 };
/** Where a turn takes a direction. */
function rotated([x, y, z]: readonly [number, number, number], q: Quaternion): number[] {
  const [rx, ry, rz] = multiply(multiply(q, [x, y, z, 0]), [-q[0], -q[1], -q[2], q[3]]);
  return [rx, ry, rz].map((value) => Math.round(value * 1e6) / 1e6 + 0);
}
const FORWARD = [0, 0, 1] as const;
const UP = [0, 1, 0] as const;

describe("a head turn", () => {
  it("goes to the avatar's left, up, and to its left shoulder", () => {
    const quarter = Math.PI / 2;
    expect(rotated(FORWARD, turnQuaternion({ ...angles, yawRad: quarter }))).toEqual([1, 0, 0]); // glTF: left is +x
    expect(rotated(FORWARD, turnQuaternion({ ...angles, pitchRad: quarter }))).toEqual([0, 1, 0]);
    expect(rotated(UP, turnQuaternion({ ...angles, rollRad: quarter }))).toEqual([1, 0, 0]);
    expect(rotated(FORWARD, turnForUnity({ ...angles, yawRad: quarter }))).toEqual([-1, 0, 0]); // Unity: left is -x
    expect(rotated(FORWARD, turnForUnity({ ...angles, pitchRad: quarter }))).toEqual([0, 1, 0]);
    expect(rotated(UP, turnForUnity({ ...angles, rollRad: quarter }))).toEqual([-1, 0, 0]);
  });

  it("rolls first, then nods, then turns", () => {
    const [yawRad, pitchRad, rollRad] = [0.4, 0.3, 0.2];
    const parts = [{ yawRad }, { pitchRad }, { rollRad }].map((part) => turnQuaternion({ ...angles, ...part }));
    const expected = multiply(multiply(parts[0]!, parts[1]!), parts[2]!);
    for (const [i, value] of turnQuaternion({ yawRad, pitchRad, rollRad }).entries())
      expect(value).toBeCloseTo(expected[i]!, 9);
  });
});

it("reads the gaze of each eye: out is left for the left eye only", () => {
  const { left, right, mean } = gazeOf(
    faceFrame({ eyeLookOutLeft: 1, eyeLookInRight: 1, eyeLookUpLeft: 0.5 }).blendshapes,
  );
  expect(left.yawRad).toBeCloseTo(Math.PI / 6, 6);
  expect(right.yawRad).toBeCloseTo(Math.PI / 6, 6);
  expect(left.pitchRad).toBeCloseTo((12 * Math.PI) / 180, 6);
  expect(right.pitchRad).toBe(0);
  expect(mean.pitchRad).toBeCloseTo((6 * Math.PI) / 180, 6);
});

describe("VRM presets", () => {
  const vowels = (values: Parameters<typeof faceFrame>[0]) => {
    const { aa, ih, ou, ee, oh } = presetsOf(faceFrame(values).blendshapes, 1);
    const all = { aa, ih, ou, ee, oh };
    const [name] = Object.entries(all).sort(([, a], [, b]) => b - a)[0]!;
    return { name, sum: aa + ih + ou + ee + oh, ...all };
  };

  it("hears the vowel in the shape of the lips", () => {
    expect(vowels({}).sum).toBe(0);
    expect(vowels({ jawOpen: 0.6 })).toMatchObject({ name: "aa", aa: 1 });
    expect(vowels({ mouthPucker: 0.9, jawOpen: 0.1 }).name).toBe("ou");
    expect(vowels({ mouthFunnel: 0.8, jawOpen: 0.5 }).name).toBe("oh");
    expect(vowels({ mouthStretchLeft: 0.8, mouthStretchRight: 0.8, jawOpen: 0.4 }).name).toBe("ee");
    expect(vowels({ mouthStretchLeft: 0.8, mouthStretchRight: 0.8, mouthLowerDownLeft: 0.7, mouthLowerDownRight: 0.7, jawOpen: 0.1 }).name).toBe("ih"); // biome-ignore format: one face
    expect(vowels({ jawOpen: 0.5, mouthClose: 0.5 }).sum).toBe(0); // lips shut over an open jaw: p, b, m
  });

  it("never adds the vowels up to more than one", () => {
    let random = 7;
    for (let n = 0; n < 500; n++) {
      const frame = faceFrame();
      for (let i = 0; i < 52; i++) {
        random = (random * 48_271) % 2_147_483_647;
        frame.blendshapes[i] = random / 2_147_483_647;
      }
      const weights = presetsOf(frame.blendshapes, 0.6);
      const { aa, ih, ou, ee, oh } = weights;
      expect(aa + ih + ou + ee + oh).toBeLessThanOrEqual(1 + 1e-9);
      for (const weight of Object.values(weights)) expect(weight >= 0 && weight <= 1).toBe(true);
    }
  });

  it("keeps moods apart and in their measure", () => {
    const moods = (values: Parameters<typeof faceFrame>[0], amount = 1) => {
      const { happy, angry, sad, surprised } = presetsOf(faceFrame(values).blendshapes, amount);
      return { happy, angry, sad, surprised };
    };
    const smile = { mouthSmileLeft: 1, mouthSmileRight: 1 };
    expect(moods(smile)).toEqual({ happy: 1, angry: 0, sad: 0, surprised: 0 });
    expect(moods(smile, 0.5).happy).toBe(0.5);
    expect(moods({ mouthSmileLeft: 0.19, mouthSmileRight: 0.19 }).happy).toBe(0); // a friendly face at rest is no grin
    expect(moods({ browDownLeft: 1, browDownRight: 1 }).angry).toBeGreaterThan(0.9);
    expect(moods({ mouthFrownLeft: 0.8, mouthFrownRight: 0.8, browInnerUp: 0.6 }).sad).toBeGreaterThan(0.9);
    const startled = {
      browInnerUp: 0.9,
      browOuterUpLeft: 0.9,
      browOuterUpRight: 0.9,
      eyeWideLeft: 0.9,
      eyeWideRight: 0.9,
    };
    expect(moods(startled).surprised).toBe(1);
  });
});

describe("FramePump", () => {
  it("closes each frame after it was taken, also when taking fails", async () => {
    const seen: number[] = [];
    const pump = new FramePump((frame) => {
      seen.push((frame as ReturnType<typeof faceFrame>).closed);
      if (seen.length === 2) throw new Error("no");
    });
    const [a, b] = [faceFrame(), faceFrame()];
    const source = new TestSource();
    source.push(a);
    source.push(b);
    await expect(pump.attach(source)).rejects.toThrow("no");
    expect(seen).toEqual([0, 0]);
    expect([a.closed, b.closed, source.ended, pump.attached]).toEqual([1, 1, true, false]);
  });

  it("lets the old source go for a new one, and all for good at dispose", async () => {
    const taken: unknown[] = [];
    const pump = new FramePump((frame) => taken.push(frame));
    const [first, second] = [new TestSource(), new TestSource()];
    const one = pump.attach(first);
    const two = pump.attach(second);
    await one;
    expect([first.ended, second.ended]).toEqual([true, false]);
    const frame = faceFrame();
    second.push(frame);
    await expect.poll(() => frame.closed).toBe(1);
    expect(taken).toEqual([frame]);
    pump.dispose();
    pump.dispose();
    await two;
    expect(second.ended).toBe(true);
    await expect(pump.attach(new TestSource())).rejects.toThrow(TypeError);
  });
});

it("refuses a frame that has not 52 coefficients", () => {
  expect(() => copyFace({ ...faceFrame(), blendshapes: new Float32Array(51) })).toThrow(/52 elements, not 51/);
});
