import { ARKIT_BLENDSHAPES, ARKIT_INDEX, type ArkitBlendshape } from "../protocol/arkit.js";
import type { FaceSample } from "../protocol/pose.js";
import type { FaceRecord } from "./types.js";

/** Numbers of one face: 52 coefficients and 6 of the pose. */
export const FACE_VALUES = ARKIT_BLENDSHAPES.length + 6;

const POSE_KEYS = ["yaw", "pitch", "roll", "x", "y", "z"] as const;
const REQUIRED_POSE_KEYS = new Set<string>(["yaw", "pitch", "roll"]);

/** f32 [58] of a record by name. Throws a `TypeError` beginning with `path` for an unknown name or a value out of its range. */
export function faceVectorOf(record: FaceRecord, path: string): Float32Array {
  checkObject(record, path, ["timestampMs", "blendshapes", "pose"]);
  if (record.timestampMs !== undefined) checkNumber(record.timestampMs, `${path}.timestampMs`);
  const vector = new Float32Array(FACE_VALUES);
  if (typeof record.blendshapes !== "object" || record.blendshapes === null)
    throw new TypeError(`${path}.blendshapes must be an object of ARKit names and values in 0..1`);
  for (const [name, value] of Object.entries(record.blendshapes)) {
    if (!Object.hasOwn(ARKIT_INDEX, name))
      throw new TypeError(`${path}.blendshapes.${name} is not an ARKit coefficient`);
    checkCoefficient(value, `${path}.blendshapes.${name}`);
    vector[ARKIT_INDEX[name as ArkitBlendshape]] = value;
  }
  if (record.pose !== undefined) {
    checkObject(record.pose, `${path}.pose`, POSE_KEYS);
    POSE_KEYS.forEach((key, i) => {
      const value = record.pose?.[key];
      if (value === undefined && !REQUIRED_POSE_KEYS.has(key)) return;
      checkNumber(value, `${path}.pose.${key}`);
      vector[ARKIT_BLENDSHAPES.length + i] = value as number;
    });
  }
  return vector;
}

/** f32 [58] of a sample in ARKit order. Throws a `TypeError` beginning with `path` for wrong lengths or values. */
export function faceVectorOfSample(sample: FaceSample, path: string): Float32Array {
  checkNumber(sample.timeS, `${path}.timeS`);
  const parts = [
    ["blendshapes", sample.blendshapes, ARKIT_BLENDSHAPES.length],
    ["pose", sample.pose, 6],
  ] as const;
  for (const [name, values, length] of parts) {
    if (!(values instanceof Float32Array) || values.length !== length)
      throw new TypeError(`${path}.${name} must be a Float32Array of ${length} numbers`);
  }
  for (const [i, value] of sample.blendshapes.entries()) checkCoefficient(value, `${path}.blendshapes[${i}]`);
  for (const [i, value] of sample.pose.entries()) checkNumber(value, `${path}.pose[${i}]`);
  const vector = new Float32Array(FACE_VALUES);
  vector.set(sample.blendshapes);
  vector.set(sample.pose, ARKIT_BLENDSHAPES.length);
  return vector;
}

function checkCoefficient(value: unknown, path: string): void {
  if (typeof value !== "number" || !(value >= 0 && value <= 1))
    throw new TypeError(`${path} must be a number from 0 to 1, got ${String(value)}`);
}

function checkNumber(value: unknown, path: string): void {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new TypeError(`${path} must be a finite number, got ${String(value)}`);
}

function checkObject(value: unknown, path: string, keys: readonly string[]): void {
  if (typeof value !== "object" || value === null) throw new TypeError(`${path} must be an object`);
  for (const key of Object.keys(value))
    if (!keys.includes(key)) throw new TypeError(`${path}.${key} is not an option; known are ${keys.join(", ")}`);
}
