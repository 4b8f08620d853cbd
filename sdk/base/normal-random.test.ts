import { expect, it } from "vitest";
import { NormalRandom } from "./normal-random.js";

it("has the moments of N(0, 1)", () => {
  const values = new NormalRandom(1).fill(new Float32Array(200_000));
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const moment = (power: number) => values.reduce((sum, v) => sum + (v - mean) ** power, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(moment(2)).toBeCloseTo(1, 1);
  expect(Math.abs(moment(3))).toBeLessThan(0.03);
  expect(moment(4)).toBeCloseTo(3, 0);
});

it("gives the same stream for a seed, and another for the next", () => {
  const take = (seed: number) => [...new NormalRandom(seed).fill(new Float32Array(9))];
  expect(take(5)).toEqual(take(5));
  expect(take(5)).not.toEqual(take(6));
  expect(take(5)).not.toEqual(take(5 + 2 ** 32));
});

it("keeps the stream that was first released: seed 42", () => {
  expect([...new NormalRandom(42).fill(new Float32Array(4))].map((v) => Number(v.toFixed(5)))).toMatchInlineSnapshot(`
    [
      -1.02966,
      -0.78406,
      1.02231,
      0.42153,
    ]
  `);
});

it("goes on from a saved state", () => {
  const random = new NormalRandom(3);
  random.fill(new Float32Array(7));
  const state = structuredClone(random.getState());
  const next = random.fill(new Float32Array(5));
  const other = new NormalRandom(99);
  other.setState(state);
  expect(other.fill(new Float32Array(5))).toEqual(next);
});

it("matches the reference implementation of xoshiro128** for the state 1, 2, 3, 4", () => {
  const random = new NormalRandom(0);
  random.setState([1, 2, 3, 4]);
  expect([random.nextUint32(), random.nextUint32(), random.nextUint32(), random.nextUint32()]).toEqual([
    11520, 0, 5927040, 70819200,
  ]);
});

it("refuses a bad seed and an empty state", () => {
  for (const seed of [-1, 1.5, Number.NaN]) expect(() => new NormalRandom(seed)).toThrow(TypeError);
  expect(() => new NormalRandom(1).setState([0, 0, 0, 0])).toThrow(TypeError);
});
