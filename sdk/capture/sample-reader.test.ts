import { describe, expect, it } from "vitest";
import { SampleReader } from "./sample-reader.js";

async function* chunksOf(...chunks: number[][]): AsyncGenerator<Float32Array> {
  for (const chunk of chunks) yield Float32Array.from(chunk);
}

describe("SampleReader", () => {
  it("reads by count across chunks and ends in silence", async () => {
    const reader = new SampleReader(chunksOf([1, 2, 3], [], [4, 5]), "options.userAudio");
    expect(await reader.read(2)).toEqual({ pcm: Float32Array.from([1, 2]), real: 2 });
    expect(reader.exhausted).toBe(false);
    expect(await reader.read(4)).toEqual({ pcm: Float32Array.from([3, 4, 5, 0]), real: 3 });
    expect(reader.exhausted).toBe(true);
    expect(await reader.read(2)).toEqual({ pcm: new Float32Array(2), real: 0 });
    expect(reader.samplesRead).toBe(5);
  });

  it("names the sample that is not finite, counted over the whole stream", async () => {
    const reader = new SampleReader(chunksOf([0, 0, 0], [0, Number.NaN]), "options.avatarAudio");
    await reader.read(3);
    await expect(reader.read(1)).rejects.toThrow("options.avatarAudio: sample 4 must be finite, not NaN");
  });

  it("closes its source once", async () => {
    let closed = 0;
    async function* source(): AsyncGenerator<Float32Array> {
      try {
        while (true) yield new Float32Array(8);
      } finally {
        closed += 1;
      }
    }
    const reader = new SampleReader(source(), "x");
    await reader.read(3);
    await reader.close();
    await reader.close();
    expect(closed).toBe(1);
    expect((await reader.read(1)).real).toBe(0);
  });
});
