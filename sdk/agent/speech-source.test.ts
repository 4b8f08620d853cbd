import { describe, expect, it } from "vitest";
import { SpeechSource } from "./speech-source.js";

const ramp = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);

describe("SpeechSource", () => {
  it("gives model samples and the caller's samples of the same time", () => {
    const source = new SpeechSource({ sampleRateHz: 16_000 });
    source.push({ pcm: ramp(4_800), sampleRateHz: 48_000, channels: 1 }, "audio");
    const first = source.take(1_000);
    expect(first.pcm).toHaveLength(1_000);
    expect(first.originals).toHaveLength(1);
    expect(first.originals[0]!.pcm).toEqual(ramp(3_000));
    source.end();
    const rest = source.take(10_000);
    expect(rest.pcm).toHaveLength(600);
    expect(rest.originals[0]!.pcm[0]).toBe(3_000);
    expect(rest.originals[0]!.pcm).toHaveLength(1_800);
    expect(source.finished).toBe(true);
  });

  it("keeps channels together and chunks in order", () => {
    const source = new SpeechSource({ sampleRateHz: 16_000 });
    for (let i = 0; i < 10; i++)
      source.push({ pcm: new Float32Array(200).fill(i), sampleRateHz: 16_000, channels: 2 }, "a");
    source.end();
    const heard: number[] = [];
    while (!source.finished) for (const { pcm } of source.take(33).originals) heard.push(...pcm);
    expect(heard).toHaveLength(2_000);
    expect(heard.every((value, i) => value === Math.floor(i / 200))).toBe(true);
  });

  it("follows a stream that changes its rate, and loses nothing", () => {
    const source = new SpeechSource({ sampleRateHz: 16_000 });
    const counts = new Map<number, number>();
    const rates = [24_000, 24_000, 48_000, 16_000];
    for (const rate of rates) source.push({ pcm: new Float32Array(rate / 5 + 1), sampleRateHz: rate }, "a");
    source.end();
    let model = 0;
    while (!source.finished) {
      const { pcm, originals } = source.take(640);
      model += pcm.length;
      for (const one of originals) counts.set(one.sampleRateHz, (counts.get(one.sampleRateHz) ?? 0) + one.pcm.length);
    }
    expect(Object.fromEntries(counts)).toEqual({ 16000: 3_201, 24000: 9_602, 48000: 9_601 });
    expect(Math.abs(model - 4 * 3_200)).toBeLessThan(6);
  });

  it("copies what it is given and refuses what is wrong", () => {
    const source = new SpeechSource({ sampleRateHz: 16_000 });
    const pcm = new Float32Array(4).fill(1);
    source.push({ pcm, sampleRateHz: 16_000 }, "audio");
    pcm.fill(9);
    expect([...source.take(4).pcm]).toEqual([1, 1, 1, 1]);
    expect(() => source.push({ pcm: Float32Array.from([Number.NaN]), sampleRateHz: 16_000 }, "audio[3]")).toThrow(
      "audio[3].pcm[0]",
    );
  });
});
