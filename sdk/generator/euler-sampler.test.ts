import { describe, expect, it } from "vitest";
import { sampleEuler } from "./euler-sampler.js";

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
