import { expect, it } from "vitest";
import { createMonotonicClock, ManualClock } from "./clock.js";

it("starts near 0 and never goes back", async () => {
  const clock = createMonotonicClock();
  const first = clock.nowMs();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(first).toBeLessThan(50);
  expect(clock.nowMs()).toBeGreaterThan(first);
});

it("stands until it is moved", () => {
  const clock = new ManualClock();
  clock.advance(40);
  expect(clock.nowMs()).toBe(40);
  expect(() => clock.advance(-1)).toThrow(TypeError);
});
