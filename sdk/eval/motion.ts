import { average, flatten } from "./correlation.js";
import type { Rows } from "./frechet.js";

/** Mean over time and dimensions of (predicted - truth)^2, over the common length of [T, D] tracks. */
export function meanSquaredError(truth: Rows, predicted: Rows): number {
  const frames = Math.min(truth.length, predicted.length);
  const width = truth[0]?.length ?? 0;
  let sum = 0;
  for (let t = 0; t < frames; t++) for (let d = 0; d < width; d++) sum += (predicted[t]![d]! - truth[t]![d]!) ** 2;
  return sum / (frames * width);
}

/** How Var is counted; the three codes of the field differ. */
export type VariationKind = "mean-over-dimensions" | "flattened" | "sum-over-dimensions";

/** Var of one [T, D] track, population variance (ddof 0): over time by dimension, or of all numbers at once ("flattened", which counts a frozen face too). */
export function variation(rows: Rows, kind: VariationKind = "mean-over-dimensions"): number {
  if (kind === "flattened") return populationVariance(flatten(rows));
  const width = rows[0]?.length ?? 0;
  const each = Array.from({ length: width }, (_, d) => populationVariance(Float64Array.from(rows, (row) => row[d]!)));
  const sum = each.reduce((total, value) => total + value, 0);
  return kind === "sum-over-dimensions" ? sum : sum / width;
}

/** STS of DIM: sqrt(sum over d, t of ((gt_t - gt_(t-1)) - (pred_t - pred_(t-1)))^2 / 0.1). A sum over the length, with DIM's fixed step of 0.1 s whatever the rate. */
export function stepDifference(truth: Rows, predicted: Rows): number {
  const frames = Math.min(truth.length, predicted.length);
  const width = truth[0]?.length ?? 0;
  let sum = 0;
  for (let t = 1; t < frames; t++)
    for (let d = 0; d < width; d++) {
      const step = truth[t]![d]! - truth[t - 1]![d]! - (predicted[t]![d]! - predicted[t - 1]![d]!);
      sum += (step * step) / 0.1;
    }
  return Math.sqrt(sum);
}

/** Mean of |second difference| * fps^2 by dimension, then over dimensions: how jerky a [T, D] track is. Read it beside Var, which jitter raises. */
export function jerkiness(rows: Rows, fps: number): number {
  const width = rows[0]?.length ?? 0;
  if (rows.length < 3) return Number.NaN;
  let sum = 0;
  for (let t = 2; t < rows.length; t++)
    for (let d = 0; d < width; d++) sum += Math.abs(rows[t]![d]! - 2 * rows[t - 1]![d]! + rows[t - 2]![d]!);
  return (sum / ((rows.length - 2) * width)) * fps * fps;
}

/** `[x_t ; y_t]` by frame, over the common length: what P-FD compares. */
export function pairFrames(user: Rows, avatar: Rows): Float64Array[] {
  const frames = Math.min(user.length, avatar.length);
  return Array.from({ length: frames }, (_, t) =>
    Float64Array.from([...Array.from(user[t]!), ...Array.from(avatar[t]!)]),
  );
}

/** Population variance (ddof 0). */
export function populationVariance(values: ArrayLike<number>): number {
  const centre = average(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - centre) ** 2;
  return sum / values.length;
}
