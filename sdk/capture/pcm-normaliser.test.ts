import { describe, expect, it } from "vitest";
import { mixMono } from "./mix-mono.js";
import { PcmNormaliser } from "./pcm-normaliser.js";

describe("PcmNormaliser", () => {
  it("mixes channels before it converts", () => {
    expect(mixMono(Float32Array.from([1, 0, -1, -1, 0.5, 0]), 2)).toEqual(Float32Array.from([0.5, -1, 0.25]));
    const six = new PcmNormaliser({ sampleRateHz: 16_000 });
    const out = six.push({ pcm: new Float32Array(6 * 1_600).fill(0.25), sampleRateHz: 16_000, channels: 6 });
    expect(out).toEqual(new Float32Array(1_600).fill(0.25));
  });

  it("never hands the caller's own array on", () => {
    const pcm = new Float32Array(10);
    expect(new PcmNormaliser({ sampleRateHz: 16_000 }).push({ pcm, sampleRateHz: 16_000 })).not.toBe(pcm);
  });

  it("loses no sample when the rate changes", () => {
    const normaliser = new PcmNormaliser({ sampleRateHz: 16_000 });
    let total = 0;
    for (const sampleRateHz of [48_000, 48_000, 8_000, 16_000, 44_100])
      total += normaliser.push({ pcm: new Float32Array(sampleRateHz / 10), sampleRateHz }).length;
    expect(total + normaliser.flush().length).toBe(5 * 1_600);
  });

  it.each([
    [{ pcm: Float32Array.from([0, Number.NaN]), sampleRateHz: 16_000 }, "mic.pcm[1] must be finite, not NaN"],
    [{ pcm: Float32Array.from([Number.NEGATIVE_INFINITY]), sampleRateHz: 16_000 }, "mic.pcm[0] must be finite"],
    [{ pcm: [0, 1], sampleRateHz: 16_000 }, "mic.pcm must be a Float32Array"],
    [{ pcm: new Float32Array(2), sampleRateHz: 12.5 }, "mic.sampleRateHz must be a whole number from 1000 to 768000"],
    [{ pcm: new Float32Array(2), sampleRateHz: 0 }, "mic.sampleRateHz must be a whole number from 1000 to 768000"],
    [
      { pcm: new Float32Array(3), sampleRateHz: 16_000, channels: 2 },
      "mic.pcm.length must be a multiple of channels (2), not 3",
    ],
    [{ pcm: new Float32Array(3), sampleRateHz: 16_000, channels: 0 }, "mic.channels must be a whole number"],
    [{ pcm: new Float32Array(3), sampleRateHz: 16_000, rate: 1 }, "mic.rate is not an option"],
    [null, "mic must be an object"],
  ])("refuses bad PCM (%#)", (chunk, message) => {
    const normaliser = new PcmNormaliser({ sampleRateHz: 16_000 });
    const push = () => normaliser.push(chunk as never, "mic");
    expect(push).toThrow(TypeError);
    expect(push).toThrow(message);
  });
});
