import { kmeans } from "ml-kmeans";
import { sha256 } from "../pack/sha256.js";
import type { Rows } from "./frechet.js";

/** Added inside the logarithm, as DIM does: a histogram of one cluster then gives -1.4e-6, not 0. */
export const SID_EPSILON = 1e-6;

/** Cluster centres [k, D], and where they came from. Freeze them: k-means of another library or seed gives other ones. */
export type Centroids = {
  readonly centres: readonly (readonly number[])[];
  /** SHA-256 of the numbers (little-endian float64, row by row), in hex. */
  readonly hash: string;
};

/**
 * k-means++ centres of [T, D] frames: Lloyd to 300 iterations, squared Euclidean, no normalisation, the best of `restarts` seeds by inertia
 * (scikit-learn's defaults, but for its random numbers).
 * @throws TypeError when there are fewer frames than clusters
 */
export function fitCentroids(frames: Rows, options: { k: number; seed?: number; restarts?: number }): number[][] {
  const { k, seed = 1, restarts = 4 } = options;
  if (frames.length < k)
    throw new TypeError(`frames must be at least as many as clusters: ${frames.length} frames, k = ${k}`);
  const data = frames.map((row) => Array.from(row));
  let best: { centres: number[][]; inertia: number } | undefined;
  for (let i = 0; i < restarts; i++) {
    const { centroids } = kmeans(data, k, {
      initialization: "kmeans++",
      seed: seed + i,
      maxIterations: 300,
      tolerance: 1e-4,
    });
    const inertia = frames.reduce((sum, row) => sum + nearest(row, centroids).squared, 0);
    if (best === undefined || inertia < best.inertia) best = { centres: centroids, inertia };
  }
  return best!.centres;
}

/** Share of [T, D] frames that are nearest to each centre; the first of equals wins. */
export function clusterHistogram(frames: Rows, centres: readonly (readonly number[])[]): Float64Array {
  const shares = new Float64Array(centres.length);
  for (const row of frames) shares[nearest(row, centres).index]! += 1 / frames.length;
  return shares;
}

/** -sum p log2(p + epsilon), in bits; at most log2 k. */
export function entropyBits(shares: ArrayLike<number>, epsilon = SID_EPSILON): number {
  let bits = 0;
  for (let c = 0; c < shares.length; c++) if (shares[c]! > 0) bits -= shares[c]! * Math.log2(shares[c]! + epsilon);
  return bits;
}

/** SID in bits: the entropy of the clusters that the frames fall into. */
export function shannonIndex(
  frames: Rows,
  centres: readonly (readonly number[])[],
  options: { epsilon?: number } = {},
): number {
  return entropyBits(clusterHistogram(frames, centres), options.epsilon);
}

/** {@link Centroids} of centres. */
export async function hashCentroids(centres: readonly (readonly number[])[]): Promise<Centroids> {
  const numbers = Float64Array.from(centres.flat());
  return { centres, hash: await sha256(new Uint8Array(numbers.buffer)) };
}

function nearest(row: ArrayLike<number>, centres: readonly (readonly number[])[]): { index: number; squared: number } {
  let index = 0;
  let squared = Number.POSITIVE_INFINITY;
  for (const [c, centre] of centres.entries()) {
    let sum = 0;
    for (let d = 0; d < centre.length && sum < squared; d++) sum += (row[d]! - centre[d]!) ** 2;
    if (sum < squared) [index, squared] = [c, sum];
  }
  return { index, squared };
}
