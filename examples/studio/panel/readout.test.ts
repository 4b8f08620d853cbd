import { expect, it } from "vitest";
import { RateMeter } from "./readout.js";

it("counts events a second over two seconds, and falls to 0 when they stop", () => {
  const meter = new RateMeter();
  for (let i = 0; i < 200; i += 1) meter.count(i * 40);
  expect(meter.rate(199 * 40)).toBeCloseTo(25, 1);
  expect(meter.rate(199 * 40 + 1000)).toBeLessThan(14);
  expect(meter.rate(199 * 40 + 2500)).toBe(0);
});
