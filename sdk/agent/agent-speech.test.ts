import { describe, expect, it } from "vitest";
import type { EchoError } from "../base/errors.js";
import { RATE, setUp, tone } from "./fake-model.fixture.js";

describe("speech of an agent", () => {
  it("speaks in step: what is heard at a time is what the lips show at that time", async () => {
    const { agent, clock, pass, shown, events } = await setUp();
    await pass(500);
    const utterance = agent.speak(tone(1_000));
    await pass(2_500);
    const played = clock.scheduled.filter(({ utteranceId }) => utteranceId === utterance.id);
    const startMs = played[0]!.startMs;
    expect(played.reduce((sum, { pcm }) => sum + pcm.length, 0)).toBe(RATE);
    expect(startMs).toBeLessThan(500 + 330 + 240 + 10); // the lead, a block that has begun, the look-ahead
    played.forEach((piece, i) => {
      if (i > 0) expect(piece.startMs).toBeCloseTo(played[i - 1]!.startMs + played[i - 1]!.pcm.length / 16, 6);
    });
    expect(await utterance.finished).toEqual({ playedMs: 1_000, interrupted: false });
    const speaking = shown.filter(({ state }) => state === "speaking");
    expect(speaking[0]!.timestampMs).toBeCloseTo(startMs, 6);
    expect(speaking).toHaveLength(25);
    const names = events.map(({ name, payload }) => `${name} ${(payload as { to?: string }).to ?? ""}`.trim());
    expect(names).toEqual([
      "utterance-started",
      "state-changed speaking",
      "utterance-finished",
      "state-changed listening",
    ]);
  });

  it("puts the avatar's audio ahead of its block by two frames", async () => {
    const { agent, clock, model, pass } = await setUp();
    const ramp = { pcm: Float32Array.from({ length: RATE }, (_, i) => (i + 1) / 20_000), sampleRateHz: RATE };
    agent.speak(ramp);
    await pass(1_500);
    const first = model.steps.findIndex(({ pcm }) => pcm[0] !== 0);
    // Sample 0 of speech is the first sample of this block's audio: it is heard 80 ms after the block's first frame.
    expect(model.steps[first]!.pcm[0]).toBeCloseTo(1 / 20_000, 6);
    expect(model.steps[first + 1]!.pcm[0]).toBeCloseTo(2_561 / 20_000, 6);
    const blockStartMs = 320 + first * 160; // the first block is shown 320 ms after the start
    expect(clock.scheduled[0]!.startMs).toBeCloseTo(blockStartMs + 80, 6);
  });

  it("begins within the block on screen, which is made again from what it was made from", async () => {
    const { agent, clock, model, pass, shown } = await setUp();
    await pass(1_005);
    const before = model.steps.map(({ fPu }) => fPu[0]);
    const { id } = agent.speak(tone(1_000));
    await pass(300);
    const again = model.steps[before.length]!;
    expect(before).toContain(again.fPu[0]); // every block that is made for the first time hears something new
    const { startMs } = clock.scheduled.find(({ utteranceId }) => utteranceId === id)!;
    expect(startMs - 1_015).toBeLessThan(60);
    expect((startMs - 320) % 40).toBeCloseTo(0, 6);
    expect(again.paintFrom).toBe(((startMs - 320) % 160) / 40);
    expect(shown.find(({ state }) => state === "speaking")!.timestampMs).toBeCloseTo(startMs, 6);
    expect(shown.map(({ index }) => index)).toEqual(shown.map((_, i) => i)); // none twice, none left out
  });

  it("loses no sound when the host stands still: what could not be heard in time comes after", async () => {
    const { agent, clock, pass } = await setUp();
    const schedule = clock.schedule.bind(clock);
    clock.schedule = (speech) => {
      expect(speech.startMs).toBeGreaterThanOrEqual(clock.nowMs());
      schedule(speech);
    };
    await pass(500);
    const pcm = Float32Array.from({ length: 3 * RATE }, (_, n) => 0.1 + n / (4 * RATE));
    const { finished } = agent.speak({ pcm, sampleRateHz: RATE });
    for (const stallMs of [150, 400, 700]) {
      await pass(500);
      clock.advance(stallMs);
    }
    await pass(4_000);
    expect(await finished).toEqual({ playedMs: 3_000, interrupted: false });
    expect(clock.scheduled.flatMap((speech) => [...speech.pcm])).toEqual([...pcm]);
  });

  it("stops the lips within one block of an interruption, and speaks again", async () => {
    const { agent, clock, model, pass, shown } = await setUp();
    const utterance = agent.speak(tone(5_000));
    await pass(1_500);
    expect(agent.state).toBe("speaking");
    const cutMs = clock.nowMs();
    agent.interrupt();
    expect(agent.state).toBe("listening");
    expect(clock.cancelled).toEqual([{ utteranceId: utterance.id, atMs: cutMs }]);
    const { playedMs, interrupted } = await utterance.finished;
    expect(interrupted).toBe(true);
    expect(playedMs).toBeCloseTo(cutMs - clock.scheduled[0]!.startMs, -0.5);
    await pass(1_000);
    expect(model.calls.filter((call) => call.startsWith("rewind"))).toHaveLength(1);
    const after = shown.filter(({ timestampMs }) => timestampMs >= cutMs + 160);
    expect(after.length).toBeGreaterThan(15);
    for (const frame of after) expect(frame).toMatchObject({ jaw: 0, state: "listening" });
    const indices = shown.map(({ index }) => index);
    expect(indices).toEqual(indices.map((_, i) => i)); // none twice, none left out
    const again = agent.speak(tone(300));
    await pass(1_500);
    expect(await again.finished).toEqual({ playedMs: 300, interrupted: false });
  });

  it("survives a hundred interruptions at any moment", async () => {
    const { agent, clock, pass, shown } = await setUp();
    const results: Promise<{ interrupted: boolean }>[] = [];
    for (let i = 0; i < 100; i++) {
      results.push(agent.speak(tone(3_000)).finished);
      await pass(10 + ((i * 37) % 610));
      agent.interrupt();
      if (i % 7 === 0) agent.interrupt();
    }
    const cutMs = clock.nowMs();
    await pass(800);
    expect((await Promise.all(results)).every(({ interrupted }) => interrupted)).toBe(true);
    expect(shown.every(({ index }, i) => index === i)).toBe(true);
    expect(shown.filter(({ timestampMs }) => timestampMs >= cutMs + 160).every(({ jaw }) => jaw === 0)).toBe(true);
    expect(agent.state).toBe("listening");
    expect(agent.stats().skippedBlocks).toBe(0);
    const last = agent.speak(tone(200));
    await pass(1_200);
    expect((await last.finished).interrupted).toBe(false);
  });

  it("rests the lips while a stream of speech stalls, and goes on", async () => {
    const { agent, pass, shown, clock } = await setUp();
    let resume = (): void => {};
    async function* voice() {
      yield tone(640);
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
      yield tone(640);
    }
    const utterance = agent.speak(voice());
    await pass(2_000);
    expect(agent.state).toBe("speaking");
    const stalled = shown.at(-1)!;
    expect(stalled.jaw).toBe(0);
    resume();
    await pass(2_000);
    expect(await utterance.finished).toEqual({ playedMs: 1_280, interrupted: false });
    expect(clock.scheduled.reduce((sum, { pcm }) => sum + pcm.length, 0)).toBe(1_280 * 16);
    expect(shown.filter(({ jaw }) => jaw > 0).length).toBeGreaterThan(25);
  });

  it("ends an utterance whose stream breaks, with a recoverable error", async () => {
    const { agent, pass, events } = await setUp();
    async function* broken() {
      yield tone(320);
      throw new Error("the synthesiser hung up");
    }
    async function* notFinite() {
      yield { pcm: Float32Array.of(Number.NaN), sampleRateHz: RATE };
    }
    const first = agent.speak(broken());
    const second = agent.speak(notFinite());
    await pass(1_500);
    expect(await first.finished).toEqual({ playedMs: 320, interrupted: false });
    expect(await second.finished).toEqual({ playedMs: 0, interrupted: false });
    const errors = events
      .filter(({ name }) => name === "error")
      .map(({ payload }) => (payload as { error: EchoError }).error);
    expect(errors.map(({ code }) => code)).toEqual(["audio-stream-failed", "audio-stream-failed"]);
    expect(errors.map(({ message }) => message).join()).toContain("audio[0].pcm[0] must be finite, not NaN");
  });
});
