import { average } from "./correlation.js";

/**
 * 95 % interval of the mean of all numbers, by 2,000 draws of whole groups with replacement: what one group holds (a rater's ratings, a talk's clips) hangs together
 * (Efron 1979; Davison & Hinkley 1997, 3.8). The same for the same numbers.
 */
export function intervalOfMean(groups: readonly (readonly number[])[]): readonly [low: number, high: number] {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator: enough to draw groups
    return Math.floor((state / 2 ** 32) * groups.length);
  };
  const means = Array.from({ length: 2_000 }, () => average(groups.flatMap(() => groups[next()]!))).sort(
    (a, b) => a - b,
  );
  return [means[50]!, means[1_949]!];
}
