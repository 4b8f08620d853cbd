import type { Rows } from "./frechet.js";

/** sqrt of the least sum of squared distances along a warping path of [T1, D] and [T2, D], no window (tslearn's dtw; Sakoe & Chiba 1978). */
export function dynamicTimeWarping(a: Rows, b: Rows): number {
  if (a.length === 0 || b.length === 0) throw new TypeError("a and b must have at least one row each");
  let previous = new Float64Array(b.length + 1).fill(Number.POSITIVE_INFINITY);
  previous[0] = 0;
  for (const row of a) {
    const current = new Float64Array(b.length + 1).fill(Number.POSITIVE_INFINITY);
    b.forEach((other, j) => {
      let squared = 0;
      for (let d = 0; d < row.length; d++) squared += (row[d]! - other[d]!) ** 2;
      current[j + 1] = squared + Math.min(previous[j]!, previous[j + 1]!, current[j]!);
    });
    previous = current;
  }
  return Math.sqrt(previous[b.length]!);
}
