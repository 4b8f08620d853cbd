import { expect, it } from "vitest";
import { AvOffsetMeter } from "./av-offset.js";

it("tells the median and the worst of the last two seconds, and forgets what was before", () => {
  const meter = new AvOffsetMeter();
  expect(meter.offset).toBeNull();
  meter.shown(9_000, 100); // long ago
  for (let i = 0; i < 50; i += 1) meter.shown(40 * i + (i === 30 ? 80 : 10 + (i % 3)), 40 * i);
  expect(meter.offset).toEqual({ medianMs: 11, worstMs: 80 });
  meter.clear();
  meter.shown(100, 160);
  expect(meter.offset).toEqual({ medianMs: -60, worstMs: -60 });
});
