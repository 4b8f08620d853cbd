import { describe, expect, it } from "vitest";
import { SamplePlacer } from "./sample-placer.js";

const RATE = 48_000;
const chunk = () => new Float32Array(960); // 20 ms

/** Feeds chunks whose arrivals are late by `lateMs(i)`, and gives the places that came out. */
function feed(placer: SamplePlacer, count: number, lateMs: (i: number) => number, fromMs = 1_000): number[] {
  const places: number[] = [];
  for (let i = 0; i < count; i += 1)
    for (const { startMs } of placer.add(chunk(), RATE, fromMs + 20 * (i + 1) + lateMs(i))) places.push(startMs);
  return places;
}

describe("places of samples", () => {
  it("do not follow the jitter of their arrival", () => {
    const late = [90, 70, 55, 40, 3, 30, 2, 25, 60, 4, 80, 2];
    const places = feed(new SamplePlacer(), 200, (i) => late[i % late.length]!);
    expect(places).toHaveLength(200);
    expect(places[0]).toBeCloseTo(1_002, 6);
    for (let i = 1; i < places.length; i += 1) expect(places[i]! - places[i - 1]!).toBeCloseTo(20, 6);
  });

  it("jump once where the sound paused", () => {
    const places = feed(new SamplePlacer(), 200, (i) => (i < 100 ? 0 : 3_000));
    const steps = places.slice(1).map((place, i) => place - places[i]!);
    expect(steps.filter((step) => Math.abs(step - 20) > 1e-6)).toEqual([3_020]);
    expect(places.at(-1)).toBeCloseTo(1_000 + 20 * 199 + 3_000, 6);
  });

  it("are given at the end even if there was little sound", () => {
    const placer = new SamplePlacer();
    expect(feed(placer, 3, () => 5)).toEqual([]);
    expect(placer.flush().map(({ startMs }) => Math.round(startMs))).toEqual([1_005, 1_025, 1_045]);
    expect(placer.flush()).toEqual([]);
  });
});
