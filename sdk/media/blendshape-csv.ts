import { ARKIT_BLENDSHAPES } from "../protocol/arkit.js";
import { type HeadPose, POSE_FIELDS } from "../protocol/pose.js";

/** Column names: frame, time in seconds, 52 coefficients, head angles in radians, head position in head heights. */
export const CSV_COLUMNS = [
  "frame",
  "time_s",
  ...ARKIT_BLENDSHAPES,
  "headYaw",
  "headPitch",
  "headRoll",
  "headX",
  "headY",
  "headZ",
] as const;

/** The first line, with its line end. */
export function csvHeader(): string {
  return `${CSV_COLUMNS.join(",")}\n`;
}

/** One frame as a line with its line end; numbers have at most six decimals. */
export function csvRow(
  frame: { readonly index: number; readonly blendshapes: Float32Array; readonly pose: HeadPose },
  fps: number,
): string {
  const numbers = [...frame.blendshapes, ...POSE_FIELDS.map((field) => frame.pose[field])];
  return `${[frame.index, decimal(frame.index / fps), ...numbers.map(decimal)].join(",")}\n`;
}

function decimal(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`a blendshape or pose value must be finite, it is ${value}`);
  return String(Number(value.toFixed(6)) + 0); // + 0 turns -0 into 0
}
