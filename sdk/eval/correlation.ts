import type { Rows } from "./frechet.js";

/** Pearson's r of two series of equal length; NaN where one of them is constant. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = Math.min(a.length, b.length);
  if (n === 0 || isConstant(a, n) || isConstant(b, n)) return Number.NaN;
  const [meanA, meanB] = [mean(a, n), mean(b, n)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Concordance correlation of two series: 2 r sx sy / (sx^2 + sy^2 + (mx - my)^2 + 1e-8), population variances, r = 0 for a constant one (REACT). */
export function concordance(truth: ArrayLike<number>, predicted: ArrayLike<number>, epsilon = 1e-8): number {
  const n = Math.min(truth.length, predicted.length);
  const [mx, my] = [mean(truth, n), mean(predicted, n)];
  let [xx, yy] = [0, 0];
  for (let i = 0; i < n; i++) {
    xx += (truth[i]! - mx) ** 2 / n;
    yy += (predicted[i]! - my) ** 2 / n;
  }
  const r = pearson(truth, predicted);
  return (2 * (Number.isNaN(r) ? 0 : r) * Math.sqrt(xx * yy)) / (xx + yy + (mx - my) ** 2 + epsilon);
}

/** All numbers of [T, D] rows, row by row. */
export function flatten(rows: Rows): Float64Array {
  const width = rows[0]?.length ?? 0;
  const flat = new Float64Array(rows.length * width);
  rows.forEach((row, t) => {
    for (let d = 0; d < width; d++) flat[t * width + d] = row[d]!;
  });
  return flat;
}

/** Column `d` of [T, D] rows. */
export function column(rows: Rows, d: number): Float64Array {
  return Float64Array.from(rows, (row) => row[d]!);
}

/** Reactiveness of a prediction. Lower `difference` is better; 0 also by chance, so read both r. */
export type Reactiveness = { readonly rTruth: number; readonly rPredicted: number; readonly difference: number };

/** rPCC = |PCC(truth, user) - PCC(predicted, user)|, each r over the flattened [T, D] arrays (DIM, DualTalk). */
export function reactiveness(tracks: { user: Rows; truth: Rows; predicted: Rows }): Reactiveness {
  const user = flatten(tracks.user);
  const rTruth = pearson(flatten(tracks.truth), user);
  const rPredicted = pearson(flatten(tracks.predicted), user);
  return { rTruth, rPredicted, difference: Math.abs(rTruth - rPredicted) };
}

/** The same by dimension, a diagnostic of our own: constant offsets between dimensions cannot hide the coupling over time. Constant dimensions are left out and counted. */
export function reactivenessByDimension(tracks: { user: Rows; truth: Rows; predicted: Rows }): {
  readonly rTruth: readonly number[];
  readonly rPredicted: readonly number[];
  /** |mean r of the truth - mean r of the prediction| */
  readonly meanThenAbsolute: number;
  /** mean of |r of the truth - r of the prediction| */
  readonly absoluteThenMean: number;
  readonly skipped: number;
} {
  const width = tracks.user[0]?.length ?? 0;
  const rTruth: number[] = [];
  const rPredicted: number[] = [];
  for (let d = 0; d < width; d++) {
    const user = column(tracks.user, d);
    const [a, b] = [pearson(column(tracks.truth, d), user), pearson(column(tracks.predicted, d), user)];
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    rTruth.push(a);
    rPredicted.push(b);
  }
  const differences = rTruth.map((r, i) => Math.abs(r - rPredicted[i]!));
  return {
    rTruth,
    rPredicted,
    meanThenAbsolute: Math.abs(average(rTruth) - average(rPredicted)),
    absoluteThenMean: average(differences),
    skipped: width - rTruth.length,
  };
}

/** Correlation of two people's motion over lags. */
export type LaggedCorrelation = {
  /** Frames; positive: the listener moves after the speaker. */
  readonly lags: readonly number[];
  /** Mean over dimensions of Pearson's r at each lag; NaN where every dimension was constant. */
  readonly correlation: readonly number[];
  /** Lag of the highest correlation; NaN when there is none. */
  readonly bestLag: number;
  /** Dimensions left out because one of the two tracks is constant there. */
  readonly skippedDimensions: number;
};

/**
 * Time-lagged cross-correlation (REACT's TLCC, FRSyn = |bestLag|) of [T, D] tracks over lags -(seconds fps - 1) .. seconds fps - 1.
 * Unlike the reference, dimensions that do not move are left out and counted: there they make every lag NaN and the answer -49.
 */
export function laggedCorrelation(
  speaker: Rows,
  listener: Rows,
  options: { fps: number; seconds?: number },
): LaggedCorrelation {
  const most = Math.floor((options.seconds ?? 2) * options.fps) - 1;
  const frames = Math.min(speaker.length, listener.length);
  const width = Math.min(speaker[0]?.length ?? 0, listener[0]?.length ?? 0);
  const pairs: [Float64Array, Float64Array][] = [];
  for (let d = 0; d < width; d++) {
    const [a, b] = [column(speaker, d).subarray(0, frames), column(listener, d).subarray(0, frames)];
    if (!isConstant(a, frames) && !isConstant(b, frames)) pairs.push([a, b]);
  }
  const lags = Array.from({ length: 2 * most + 1 }, (_, i) => i - most).filter((lag) => Math.abs(lag) < frames - 1);
  const correlation = lags.map((lag) => {
    const from = Math.max(0, -lag);
    const n = frames - Math.abs(lag);
    const values = pairs
      .map(([a, b]) => pearson(a.subarray(from, from + n), b.subarray(from + lag, from + lag + n)))
      .filter((r) => !Number.isNaN(r));
    return average(values);
  });
  let best = -1;
  for (const [i, r] of correlation.entries()) if (!Number.isNaN(r) && (best < 0 || r > correlation[best]!)) best = i;
  return { lags, correlation, bestLag: lags[best] ?? Number.NaN, skippedDimensions: width - pairs.length };
}

/** Mean; NaN of nothing. */
export function average(values: ArrayLike<number>): number {
  return mean(values, values.length);
}

function mean(values: ArrayLike<number>, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i]!;
  return sum / n;
}

function isConstant(values: ArrayLike<number>, n: number): boolean {
  for (let i = 1; i < n; i++) if (values[i] !== values[0]) return false;
  return true;
}
