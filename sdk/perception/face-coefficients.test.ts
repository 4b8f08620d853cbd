import { expect, it } from "vitest";
import { FaceCoefficients } from "./face-coefficients.js";
import { type Landmark, measureFace } from "./face-measures.js";

/** A face of a few points, in distances between the outer eye corners: x to the person's left, y up, z forward. */
const REST: Readonly<Record<number, readonly [number, number, number]>> = {
  10: [0, 0.75, 0],
  33: [-0.5, 0, 0],
  263: [0.5, 0, 0],
  133: [-0.17, 0, 0.05],
  362: [0.17, 0, 0.05],
  159: [-0.33, 0.05, 0.05],
  145: [-0.33, -0.05, 0.05],
  158: [-0.28, 0.05, 0.05],
  153: [-0.28, -0.05, 0.05],
  160: [-0.4, 0.05, 0.05],
  144: [-0.4, -0.05, 0.05],
  386: [0.33, 0.05, 0.05],
  374: [0.33, -0.05, 0.05],
  385: [0.28, 0.05, 0.05],
  380: [0.28, -0.05, 0.05],
  387: [0.4, 0.05, 0.05],
  373: [0.4, -0.05, 0.05],
  468: [-0.33, 0, 0.06],
  473: [0.33, 0, 0.06],
  13: [0, -0.68, 0.2],
  14: [0, -0.7, 0.2],
  61: [-0.28, -0.7, 0.12],
  291: [0.28, -0.7, 0.12],
  2: [0, -0.45, 0.25],
  55: [-0.12, 0.2, 0.1],
  285: [0.12, 0.2, 0.1],
  46: [-0.5, 0.15, 0],
  276: [0.5, 0.15, 0],
};

/** Landmarks of a picture of aspect 4/3 that shows the face, moved and turned to the person's left by `yaw`. */
function face(moved: Record<number, readonly [number, number, number]> = {}, yaw = 0): Landmark[] {
  const landmarks: Landmark[] = Array.from({ length: 478 }, () => ({ x: 0.5, y: 0.5, z: 0 }));
  for (const [index, point] of Object.entries({ ...REST, ...moved })) {
    const [x, y, z] = point;
    const turned = [x * Math.cos(yaw) + z * Math.sin(yaw), y, z * Math.cos(yaw) - x * Math.sin(yaw)] as const;
    const size = 0.25; // of the picture's height
    landmarks[Number(index)] = {
      x: 0.5 + (turned[0] * size * 3) / 4,
      y: 0.5 - turned[1] * size,
      z: (-turned[2] * size * 3) / 4,
    };
  }
  return landmarks;
}

const measure = (...args: Parameters<typeof face>) => measureFace(face(...args), 4 / 3);

/** Coefficients after a second of looking at the face at rest. */
function read(...args: Parameters<typeof face>) {
  const coefficients = new FaceCoefficients();
  for (let i = 0; i < 15; i += 1) coefficients.read(measure());
  return coefficients.read(measure(...args));
}

it("reads nothing off a face at rest", () => {
  const { blendshapes, pose } = read();
  for (const [name, value] of Object.entries(blendshapes)) expect(value, name).toBeCloseTo(0, 5);
  for (const value of Object.values(pose)) expect(value).toBeCloseTo(0, 5);
});

it("reads a jaw that opens, on a face that looks away as well", () => {
  const open = { 14: [0, -0.95, 0.2] } as const;
  expect(read(open).blendshapes.jawOpen).toBeCloseTo(2.3 * 0.25, 2);
  expect(read(open, 0.4).blendshapes.jawOpen).toBeCloseTo(2.3 * 0.25, 2);
});

it("keeps the person's left and right apart", () => {
  const wink = {
    386: [0.33, 0.01, 0.05],
    374: [0.33, -0.01, 0.05],
    385: [0.28, 0.01, 0.05],
    380: [0.28, -0.01, 0.05],
    387: [0.4, 0.01, 0.05],
    373: [0.4, -0.01, 0.05],
  } as const;
  expect(read(wink).blendshapes.eyeBlinkLeft).toBe(1);
  expect(read(wink).blendshapes.eyeBlinkRight).toBeCloseTo(0, 5);
  const { blendshapes } = read({ 291: [0.36, -0.64, 0.1] });
  expect(blendshapes.mouthSmileLeft).toBeGreaterThan(0.4);
  expect(blendshapes.mouthSmileRight).toBeCloseTo(0, 5);
  expect(read({ 468: [-0.28, 0, 0.06], 473: [0.38, 0, 0.06] }).blendshapes.eyeLookOutLeft).toBeGreaterThan(0.3);
});

it("reads yaw positive to the person's left", () => {
  expect(read({}, 0.3).pose.yaw).toBeCloseTo(0.94 * 0.3, 2);
});

it("reads places from the place at rest, in head heights", () => {
  const coefficients = new FaceCoefficients();
  for (let i = 0; i < 15; i += 1) coefficients.read(measure());
  const { pose } = coefficients.read({ ...measure(), placeX: 0.125, placeY: 0.25, size: 0.3 });
  // The eyes are 0.25 of the picture and 0.4 of a head apart.
  expect(pose.x).toBeCloseTo((0.125 / 0.25) * 0.4, 2);
  expect(pose.y).toBeCloseTo(0.4, 2);
  expect(pose.z).toBeGreaterThan(0); // larger is nearer
});
