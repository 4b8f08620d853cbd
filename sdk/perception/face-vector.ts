import { checkKeys, checkNumber, checkSamples, describe } from "../base/option-checks.js";
import { ARKIT_BLENDSHAPES, ARKIT_INDEX, type ArkitBlendshape } from "../protocol/arkit.js";
import type { FaceSample } from "../protocol/pose.js";
import type { FaceRecord } from "./types.js";

/** Numbers of one face: 52 coefficients and 6 of the pose. */
export const FACE_VALUES = ARKIT_BLENDSHAPES.length + 6;

const POSE_KEYS = ["yaw", "pitch", "roll", "x", "y", "z"] as const;
const REQUIRED_POSE_KEYS = new Set<string>(["yaw", "pitch", "roll"]);

/** f32 [58] of a record by name. Throws a `TypeError` beginning with `path` for an unknown name or a value out of its range. */
export function faceVectorOf(record: FaceRecord, path: string): Float32Array {
  checkKeys(record, path, ["timestampMs", "blendshapes", "pose"]);
  if (record.timestampMs !== undefined) checkNumber(record.timestampMs, `${path}.timestampMs`);
  const vector = new Float32Array(FACE_VALUES);
  if (typeof record.blendshapes !== "object" || record.blendshapes === null)
    throw new TypeError(
      `${path}.blendshapes must be an object of ARKit names and values, not ${describe(record.blendshapes)}`,
    );
  for (const [name, value] of Object.entries(record.blendshapes)) {
    if (!Object.hasOwn(ARKIT_INDEX, name))
      throw new TypeError(`${path}.blendshapes.${name} is not an ARKit coefficient`);
    checkNumber(value, `${path}.blendshapes.${name}`, { min: 0, max: 1 });
    vector[ARKIT_INDEX[name as ArkitBlendshape]] = value;
  }
  if (record.pose !== undefined) {
    checkKeys(record.pose, `${path}.pose`, POSE_KEYS);
    POSE_KEYS.forEach((key, i) => {
      const value = record.pose?.[key];
      if (value === undefined && !REQUIRED_POSE_KEYS.has(key)) return;
      checkNumber(value, `${path}.pose.${key}`);
      vector[ARKIT_BLENDSHAPES.length + i] = value as number;
    });
  }
  return vector;
}

/** The other way round: a vector f32 [58] by names. */
export function faceRecordOf(vector: Float32Array): FaceRecord {
  const blendshapes = Object.fromEntries(ARKIT_BLENDSHAPES.map((name, i) => [name, vector[i]!]));
  const place = (i: number): number => vector[ARKIT_BLENDSHAPES.length + i]!;
  return {
    blendshapes,
    pose: { yaw: place(0), pitch: place(1), roll: place(2), x: place(3), y: place(4), z: place(5) },
  };
}

/** f32 [58] of a sample in ARKit order. Throws a `TypeError` beginning with `path` for wrong lengths or values. */
export function faceVectorOfSample(sample: FaceSample, path: string): Float32Array {
  checkNumber(sample.timeS, `${path}.timeS`);
  const parts = [
    ["blendshapes", sample.blendshapes, ARKIT_BLENDSHAPES.length],
    ["pose", sample.pose, 6],
  ] as const;
  for (const [name, values, length] of parts) {
    checkSamples(values, `${path}.${name}`, length);
  }
  for (const [i, value] of sample.blendshapes.entries())
    checkNumber(value, `${path}.blendshapes[${i}]`, { min: 0, max: 1 });
  const vector = new Float32Array(FACE_VALUES);
  vector.set(sample.blendshapes);
  vector.set(sample.pose, ARKIT_BLENDSHAPES.length);
  return vector;
}
