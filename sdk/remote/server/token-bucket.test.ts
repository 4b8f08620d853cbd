import { expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.js";

it("lets a burst through at once, then makes each event wait for its turn", () => {
  const bucket = new TokenBucket({ ratePerS: 10, burst: 3 });
  expect([0, 0, 0].map(() => bucket.take(1_000))).toEqual([0, 0, 0]);
  expect(bucket.take(1_000)).toBeCloseTo(100);
  expect(bucket.take(1_000)).toBeCloseTo(200);
  expect(bucket.take(1_300)).toBe(0); // both have had their turn, and one more is due
});

it("never saves up more than the burst, and takes a clock that goes back for one that stands", () => {
  const bucket = new TokenBucket({ ratePerS: 10, burst: 2 });
  expect(bucket.tryTake(0)).toBe(true);
  expect([0, 0, 0].map(() => bucket.tryTake(1e9))).toEqual([true, true, false]);
  expect(bucket.tryTake(1e9 - 500)).toBe(false);
});
