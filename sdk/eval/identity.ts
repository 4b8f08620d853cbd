/** Where eyes, nose and corners of the mouth lie in an aligned face of 112 x 112 (ArcFace). Right and left as seen in the picture. */
export const ARCFACE_POINTS: readonly (readonly [number, number])[] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/** A point in pixels, [x, y]. */
export type Point = readonly [x: number, y: number];

/** Two rows of an affine map: x' = m[0] . (x, y, 1), y' = m[1] . (x, y, 1). */
export type AffineMap = readonly [readonly [number, number, number], readonly [number, number, number]];

/** CSIM of two embeddings: a.b / max(|a| |b|, 1e-8). */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.max(Math.sqrt(aa * bb), 1e-8);
}

/**
 * The similarity (rotation, one scale, shift) that takes `from` to `to` with the least squared error (Umeyama 1991), for aligning a face.
 * In the plane no decomposition is needed: with centred points as complex numbers z, w the best factor is sum(w conj z) / sum |z|^2.
 * @throws TypeError for fewer than two distinct points
 */
export function similarityTransform(
  from: readonly Point[],
  to: readonly Point[] = ARCFACE_POINTS as Point[],
): AffineMap {
  const n = Math.min(from.length, to.length);
  const centre = (points: readonly Point[]) =>
    [0, 1].map((axis) => points.slice(0, n).reduce((sum, point) => sum + point[axis]! / n, 0)) as [number, number];
  const [fx, fy] = centre(from);
  const [tx, ty] = centre(to);
  let [re, im, size] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [from[i]![0] - fx, from[i]![1] - fy];
    const [u, v] = [to[i]![0] - tx, to[i]![1] - ty];
    re += u * x + v * y;
    im += v * x - u * y;
    size += x * x + y * y;
  }
  if (!(size > 0)) throw new TypeError("from must have at least two distinct points");
  const [a, b] = [re / size, im / size];
  return [
    [a, -b, tx - a * fx + b * fy],
    [b, a, ty - b * fx - a * fy],
  ];
}
