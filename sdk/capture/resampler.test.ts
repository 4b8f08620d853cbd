import { describe, expect, it } from "vitest";
import { StreamResampler } from "./resampler.js";

const sine = (length: number, hz: number, rateHz: number): Float32Array =>
  Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * hz * n) / rateHz));

function convert(pcm: Float32Array, inRateHz: number, outRateHz: number, chunk = pcm.length): Float32Array {
  const resampler = new StreamResampler({ inRateHz, outRateHz });
  const parts: number[] = [];
  for (let at = 0; at < pcm.length; at += chunk) parts.push(...resampler.push(pcm.subarray(at, at + chunk)));
  parts.push(...resampler.flush());
  return Float32Array.from(parts);
}

/** Root mean square of `a - b` away from the ends, in dB below a full-scale sine. */
function errorDb(a: Float32Array, b: Float32Array, margin: number): number {
  let sum = 0;
  for (let i = margin; i < a.length - margin; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(sum / (a.length - 2 * margin) / 0.5 + 1e-20);
}

describe("StreamResampler", () => {
  it.each([8_000, 11_025, 22_050, 24_000, 44_100, 48_000, 96_000, 192_000])(
    "passes speech from %i Hz, in time",
    (rate) => {
      const hz = Math.min(3_000, rate * 0.3);
      const got = convert(sine(rate / 2, hz, rate), rate, 16_000);
      expect(got.length).toBe(8_000);
      expect(errorDb(got, sine(8_000, hz, 16_000), 200)).toBeLessThan(-75);
    },
  );

  it("keeps out what would fold back", () => {
    const got = convert(sine(24_000, 9_000, 48_000), 48_000, 16_000);
    expect(errorDb(got, new Float32Array(got.length), 200)).toBeLessThan(-80);
  });

  it.each([44_101, 47_999])("is usable at an odd rate of %i Hz", (rate) => {
    const got = convert(sine(rate, 1_000, rate), rate, 16_000);
    expect(got.length).toBe(16_000);
    expect(errorDb(got, sine(16_000, 1_000, 16_000), 200)).toBeLessThan(-60);
  });

  it.each([1, 7, 160, 4_410])("gives the same samples for chunks of %i", (chunk) => {
    const pcm = sine(12_000, 440, 44_100);
    expect(convert(pcm, 44_100, 16_000, chunk)).toEqual(convert(pcm, 44_100, 16_000));
  });

  it.each([1, 100, 44_100, 100_001])("brings %i samples to ceil(N * out / in)", (length) => {
    expect(convert(new Float32Array(length), 44_100, 16_000, 5_000).length).toBe(Math.ceil((length * 16_000) / 44_100));
  });

  it("stays exact over a minute and starts afresh after a flush", () => {
    const resampler = new StreamResampler({ inRateHz: 44_100, outRateHz: 16_000 });
    const second = sine(44_100, 100, 44_100);
    let last = new Float32Array(0);
    for (let s = 0; s < 60; s++) last = Float32Array.from(resampler.push(second));
    // 100 Hz has whole periods in a second, so the 60th second equals the sine, shifted by the samples still held back
    const held = resampler.flush().length;
    const want = sine(16_000 - held, 100, 16_000);
    expect(errorDb(last.subarray(last.length - want.length), want, 10)).toBeLessThan(-75);
    const fresh = new StreamResampler({ inRateHz: 44_100, outRateHz: 16_000 });
    expect(resampler.push(second)).toEqual(fresh.push(second));
  });
});
