import { describe, expect, it } from "vitest";
import { OfflineAnalyser } from "../../bench/peers/analyser.js";
import { barChart } from "../../bench/peers/bar-chart.js";
import type { SpokenClip, TimedPhone } from "../../bench/peers/corpus.js";
import { areaUnderCurve, bestLagS, score } from "../../bench/peers/score.js";
import { blendVisemes, type MouthTrack, shapeAt, VISEME_SHAPES } from "../../bench/peers/tracks.js";
import { type HostedNode, installWorkletHost, PAGE_RATE_HZ, playThrough } from "../../bench/peers/worklet-host.js";

const PHONES: readonly TimedPhone[] = Array.from({ length: 12 }, (_, round) =>
  ["p", "aa", "s", "uw", "f", "iy", "t", "sil"].map((name, i): TimedPhone => {
    const start = round * 1.9 + i * 0.22 + 0.05 * Math.sin(round * 7 + i);
    return [name, start, start + (name === "sil" ? 0.3 : 0.2)];
  }),
).flat();
const VISEME_OF: Readonly<Record<string, string>> = {
  p: "PP",
  aa: "aa",
  s: "SS",
  uw: "U",
  f: "FF",
  iy: "I",
  t: "DD",
  sil: "sil",
};

/** A mouth that shows the right viseme, `lateS` after its phone. */
function rightTrack(lateS: number): MouthTrack {
  const timesS = Array.from({ length: 2_400 }, (_, i) => i / 100);
  const shapes = timesS.map((time) => {
    const phone = PHONES.find(([, from, to]) => time - lateS >= from && time - lateS < to)?.[0] ?? "sil";
    return VISEME_SHAPES[VISEME_OF[phone]!]!;
  });
  return { timesS, shapes };
}
const clip: SpokenClip = {
  id: "x",
  voice: "v",
  pcm: new Float32Array(1),
  pcm48: new Float32Array(1),
  phones: PHONES,
  truth: rightTrack(0),
};

describe("scores of lips", () => {
  it("are areas under the curve: 1, 0.5 with ties, 0", () => {
    expect(areaUnderCurve([3, 4], [1, 2])).toBe(1);
    expect(areaUnderCurve([1, 1], [1, 1, 1])).toBe(0.5);
    expect(areaUnderCurve([1], [2, 3])).toBe(0);
    expect(areaUnderCurve([2, 0], [1, 3])).toBe(0.25);
  });

  it("are perfect for the right viseme at the right time, and near chance for a mouth that knows nothing", () => {
    const right = score([clip], [rightTrack(0)], 0);
    for (const value of Object.values(right.auc)) expect(value).toBeGreaterThan(0.99);
    expect(right.shutShare).toBe(1);
    expect(right.openingR).toBeCloseTo(1, 6);
    const still: MouthTrack = { timesS: [0, 24], shapes: [VISEME_SHAPES.E!, VISEME_SHAPES.E!] };
    const blind = score([clip], [still], 0);
    expect(blind.meanAuc).toBe(0.5);
    expect(blind.shutShare).toBe(0);
  });

  it("find how late a mouth is", () => {
    expect(bestLagS([clip], [rightTrack(0.12)])).toBeCloseTo(0.12, 6);
    expect(score([clip], [rightTrack(0.12)], 0.12).meanAuc).toBeGreaterThan(0.99);
  });
});

it("a shape between two shown ones lies on the straight line", () => {
  const track: MouthTrack = { timesS: [0, 1], shapes: [VISEME_SHAPES.sil!, VISEME_SHAPES.aa!] };
  expect(shapeAt(track, 0.5).opening).toBeCloseTo(VISEME_SHAPES.aa!.opening / 2, 9);
  expect(shapeAt(track, -1)).toBe(VISEME_SHAPES.sil);
  expect(shapeAt(track, 9)).toBe(VISEME_SHAPES.aa);
  expect(
    blendVisemes([
      ["aa", 0.5],
      ["U", 0.5],
    ]).rounding,
  ).toBeCloseTo(0.22, 9);
});

it("the worklet host hands over every sample once, in quanta, and frames at their time", () => {
  installWorkletHost();
  const heard: number[] = [];
  const node: HostedNode = {
    processor: {
      process: (inputs: Float32Array[][]) => {
        heard.push(...inputs[0]![0]!);
        return true;
      },
    },
    parameterValues: {},
  };
  const frames: { timeS: number; samples: number }[] = [];
  const pcm = Float32Array.from({ length: PAGE_RATE_HZ / 10 }, (_, i) => i);
  playThrough(node, pcm, 60, (timeS) => frames.push({ timeS, samples: heard.length }));
  expect(heard.slice(0, pcm.length)).toEqual([...pcm]);
  expect(frames).toHaveLength(6);
  for (const { timeS, samples } of frames) {
    expect(samples).toBeGreaterThanOrEqual(timeS * PAGE_RATE_HZ);
    expect(samples).toBeLessThan(timeS * PAGE_RATE_HZ + 128);
  }
});

it("the analyser finds a tone in its bin and forgets it slowly", () => {
  const tone = (n: number) => 0.01 * Math.sin((2 * Math.PI * 100 * n) / 2_048); // bin 100 exactly, below the ceiling of -30 dB
  const pcm = Float32Array.from({ length: 8_192 }, (_, n) => (n < 4_096 ? tone(n) : 0));
  const analyser = new OfflineAnalyser({ pcm, fftSize: 2_048 });
  const bytes = new Uint8Array(1_024);
  analyser.heard = 4_096;
  analyser.getByteFrequencyData(bytes);
  expect(bytes.indexOf(Math.max(...bytes))).toBe(100);
  const loud = bytes[100]!;
  analyser.heard = 8_192;
  analyser.getByteFrequencyData(bytes);
  // silence: the magnitude falls to 0.8 of what it was, 1.94 dB, 7 steps of 255 over 70 dB
  expect(loud - bytes[100]!).toBeGreaterThanOrEqual(7);
  expect(loud - bytes[100]!).toBeLessThanOrEqual(8);
});

it("the chart draws a bar for every value and cannot be broken by a name", () => {
  const svg = barChart({ title: "a < b", groups: ["g"], series: [{ name: "x & y", values: [0.7] }], from: 0, to: 1 });
  expect(svg.match(/<rect /g)).toHaveLength(3); // ground, bar, legend
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain("x &amp; y");
});
