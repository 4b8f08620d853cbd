import { describe, expect, it } from "vitest";
import { FakeModel, SlowModel, setUp, tone } from "./fake-model.fixture.js";

describe("quality of an agent", () => {
  it("leaves pictures out when the machine is too slow, but no sound", async () => {
    const model = new FakeModel();
    const { agent, clock, pass, shown } = await setUp({}, model);
    // Each block takes 400 ms of the clock, two and a half times too long.
    model.beforeStep = () => clock.waitUntil(clock.nowMs() + 400);
    const utterance = agent.speak(tone(4_000));
    await pass(6_000);
    expect((await utterance.finished).playedMs).toBe(4_000);
    const pieces = clock.scheduled;
    pieces.forEach((piece, i) => {
      if (i > 0) expect(piece.startMs).toBeCloseTo(pieces[i - 1]!.startMs + pieces[i - 1]!.pcm.length / 16, 6);
    });
    expect(agent.stats().skippedBlocks).toBeGreaterThan(10);
    expect(shown.length).toBeGreaterThan(10);
    for (const frame of shown.slice(12)) expect(frame.atMs - frame.timestampMs).toBeLessThan(720);
    expect(model.calls).toContain("prime");
  });

  it("paints fewer pictures where the machine is too slow, says so, and keeps time", async () => {
    const model = new FakeModel();
    const { agent, clock, pass, shown } = await setUp({}, model);
    const changes: string[] = [];
    agent.on("quality-changed", ({ from, to }) => changes.push(`${from} > ${to}`));
    // 30 ms a block and 50 ms a picture: a block of four pictures takes longer than it lasts.
    model.paintMs = 50;
    model.beforeStep = (input) => clock.waitUntil(clock.nowMs() + 30 + 50 * (input?.pictures ?? 4));
    await pass(6_000);
    expect(changes).toEqual(["full > half-rate"]);
    expect(agent.quality).toBe("half-rate");
    const frames = shown.length;
    const { skippedBlocks } = agent.stats();
    await pass(2_000);
    expect(shown.length - frames).toBeGreaterThanOrEqual(48); // blendshapes at full rate
    expect(agent.stats()).toMatchObject({ skippedBlocks, quality: "half-rate" });
    expect(model.steps.at(-1)).toMatchObject({ pictures: 2 });
  });

  it("does not take a host that stands still now and then for a machine that is too slow", async () => {
    const model = new SlowModel({ motionMs: 15, pictureMs: 5 });
    const { agent, clock, pass, shown } = await setUp({}, model);
    model.wait = (ms) => clock.waitUntil(clock.nowMs() + ms);
    for (let i = 0; i < 10; i++) {
      await pass(2_000 + 10 * i);
      clock.advance(150);
    }
    expect(agent.quality).toBe("full");
    for (const frame of shown) expect(frame.atMs - frame.timestampMs).toBeLessThanOrEqual(100);
  });

  it("stays on the rung that was asked for", async () => {
    const { agent, model, pass } = await setUp({ quality: "motion-only" });
    await pass(2_000);
    expect(agent.quality).toBe("motion-only");
    // One picture at first, so that there is something to show.
    expect(model.steps.map(({ pictures }) => pictures).slice(0, 4)).toEqual([1, 0, 0, 0]);
    expect(model.steps.at(-1)).toMatchObject({ pictures: 0, steps: 1 });
  });
});
