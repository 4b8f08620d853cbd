import { describe, expect, it } from "vitest";
import { sampleEuler } from "./euler-sampler.js";
import { SeededNoise } from "./seeded-noise.js";

describe("sampleEuler", () => {
  it("reaches the data along a straight flow, whatever the times", async () => {
    for (const times of [[0], [0, 0.5], [0, 0.1, 0.7]]) {
      const seen: number[] = [];
      const x = await sampleEuler(Float32Array.from([2, -2]), times, async (now, time) => {
        seen.push(time);
        return now.map((value, i) => ([5, 7][i]! - value) / (1 - time)); // v towards (5, 7)
      });
      expect([...x].map((value) => Number(value.toFixed(4)))).toEqual([5, 7]);
      expect(seen).toEqual(times);
    }
  });
});

describe("SeededNoise", () => {
  it("has mean 0 and variance 1", () => {
    const values = new SeededNoise(1).normal(100_000);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it("depends on the seed alone, and can go back", () => {
    const noise = new SeededNoise(42);
    const saved = noise.save();
    const first = noise.normal(7);
    expect(new SeededNoise(42).normal(7)).toEqual(first);
    expect(new SeededNoise(43).normal(7)).not.toEqual(first);
    expect(noise.normal(7)).not.toEqual(first);
    noise.restore(saved);
    expect(noise.normal(7)).toEqual(first);
  });
});
