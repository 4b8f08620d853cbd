import { expect, it } from "vitest";
import { run } from "../../bench/remote/soak.js";
import { PATIENT_MS, TINY } from "./one-server.js";

/** `ECHO_HEAD_SOAK_MINUTES=30` for the whole of it; the figures of such a run are in bench/results/remote-soak.json. */
const MINUTES = Number(process.env.ECHO_HEAD_SOAK_MINUTES ?? 0.4);

it(`four agents live for ${MINUTES} minutes over a line of 200 ms that loses 1 %`, {
  timeout: 4 * PATIENT_MS + 90_000 * MINUTES,
}, async () => {
  const report = await run({
    pack: TINY,
    ep: "cpu",
    minutes: String(MINUTES),
    delay: "100",
    loss: "0.01",
    sessions: "4",
  });
  expect(report.agents).toHaveLength(4);
  for (const { frames, deliveredFrames, outOfOrder, errors, state } of report.agents) {
    expect(deliveredFrames).toBeGreaterThan(0);
    expect(frames).toBeGreaterThan(20);
    expect(outOfOrder).toBe(0);
    expect(errors).toEqual({});
    expect(["listening", "speaking"]).toContain(state);
  }
  expect(report.line.lost).toBeGreaterThan(0);
  expect(report.server.blocks).toBeGreaterThan(40);
  // A leak of one raw block of 1 MB for each of the blocks would be hundreds.
  expect(report.growthMb.arrayBuffers).toBeLessThan(60);
});
