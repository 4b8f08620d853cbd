import { expect, it } from "vitest";
import { intervalOfMean } from "./bootstrap.js";

it("holds the mean, and is wider where the numbers of a group hang together", () => {
  const alone = Array.from({ length: 40 }, (_, i) => [Math.sin(i * 7)]);
  const together = Array.from({ length: 10 }, (_, i) => Array.from({ length: 4 }, () => Math.sin(i * 7)));
  const mean = alone.flat().reduce((a, b) => a + b) / 40;
  const [low, high] = intervalOfMean(alone);
  expect(low).toBeLessThan(mean);
  expect(high).toBeGreaterThan(mean);
  const [lower, higher] = intervalOfMean(together);
  expect(higher - lower).toBeGreaterThan(1.4 * (high - low));
});

it("is the same for the same numbers, and a point where all are equal", () => {
  const groups = [[1, 2], [3], [5, 8]];
  expect(intervalOfMean(groups)).toEqual(intervalOfMean(groups));
  expect(intervalOfMean([[2], [2, 2]])).toEqual([2, 2]);
});
