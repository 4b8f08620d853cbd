import { describe, expect, it } from "vitest";
import type { DetectedFace } from "./face-detector.js";
import { FaceReader } from "./face-reader.js";

/** A face of `size` of the picture's width at a place of it; `blendshapes` mark whose it is. */
function face(x: number, size: number, jawOpen: number): DetectedFace {
  const landmarks = Array.from({ length: 478 }, (_, i) => ({
    x: x + size * 0.01 * (i % 7),
    y: 0.5 + size * 0.01 * (i % 5),
    z: 0.001 * (i % 3),
  }));
  landmarks[33] = { x: x - size / 2, y: 0.5, z: 0 };
  landmarks[263] = { x: x + size / 2, y: 0.5, z: 0 };
  landmarks[10] = { x, y: 0.5 - size, z: 0 };
  return { landmarks, blendshapes: { _neutral: 0.9, jawOpen, mouthClose: 1.3 } };
}

const JAW = 17;
const jaw = (vector: Float32Array | null): number | null => (vector ? Number(vector[JAW]!.toFixed(2)) : null);

describe("FaceReader", () => {
  it("stays with the face it followed, whatever the order and the size of the others", () => {
    const reader = new FaceReader();
    expect(jaw(reader.read([face(0.3, 0.1, 0.1)], 4 / 3))).toBe(0.1);
    expect(jaw(reader.read([face(0.7, 0.3, 0.9), face(0.31, 0.1, 0.2)], 4 / 3))).toBe(0.2);
    expect(jaw(reader.read([face(0.33, 0.1, 0.3), face(0.7, 0.3, 0.9)], 4 / 3))).toBe(0.3);
  });

  it("takes the largest face when the one it followed is gone", () => {
    const reader = new FaceReader();
    reader.read([face(0.3, 0.1, 0.1)], 4 / 3);
    expect(jaw(reader.read([face(0.8, 0.1, 0.5), face(0.6, 0.15, 0.6)], 4 / 3))).toBe(0.6);
    expect(reader.read([], 4 / 3)).toBeNull();
  });

  it("keeps known names only, within 0..1, as numbers that the model takes", () => {
    const vector = new FaceReader().read([face(0.5, 0.2, 0.4)], 4 / 3)!;
    expect(vector).toHaveLength(58);
    expect(vector[18]).toBe(1); // mouthClose
    expect(vector.every(Number.isFinite)).toBe(true);
  });
});
