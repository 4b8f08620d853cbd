import { describe, expect, it } from "vitest";
import type { GeneratorStepInput, GeneratorStepOutput } from "../protocol/generator-worker.js";
import { bytesOf } from "../protocol/picture.js";
import { FakeModel, SlowModel, setUp, tone } from "./fake-model.fixture.js";

/** Bounds of lip sync in ms that people do not notice (ITU-R BT.1359): picture early, picture late. */
const EARLIEST_MS = 45;
const LATEST_MS = 100;

/** A model that paints a white mouth while its audio is loud: what a camera before the screen would see. */
class PaintedModel extends FakeModel {
  #before = new Float32Array(2_560);

  protected override answer(input: GeneratorStepInput): GeneratorStepOutput {
    const output = super.answer(input);
    // The audio runs two frames ahead of the block: its first half belongs to frames 2 and 3, frames 0 and 1 are in the one before.
    const sound = [...this.#before.subarray(1_280), ...input.pcm.subarray(0, 1_280)];
    this.#before = input.pcm.slice() as Float32Array<ArrayBuffer>;
    output.rgba.forEach((picture, f) => {
      const loud = sound.slice(f * 640, (f + 1) * 640).some((sample) => Math.abs(sample) > 0.2);
      bytesOf(picture).fill(loud ? 255 : 0);
    });
    return output;
  }
}

/** Repeatable numbers in 0..1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const CLICK_S = 0.25; // longer than any pause of the host

/** A minute of clicks, one every 2 to 4 s, in chunks of any size and at a rate that is not the model's. */
async function* clicks(random: () => number): AsyncGenerator<{ pcm: Float32Array; sampleRateHz: number }> {
  const pcm = new Float32Array(60 * 24_000);
  for (let at = 24_000; at < pcm.length - 48_000; at += Math.round((2 + 2 * random()) * 24_000))
    pcm.fill(0.5, at, at + CLICK_S * 24_000);
  for (let at = 0; at < pcm.length; ) {
    const length = Math.ceil(random() * 30_000);
    yield { pcm: pcm.slice(at, at + length), sampleRateHz: 24_000 };
    at += length;
  }
}

/** A frame that was handed out: when, on the clock, whether its mouth is open, and whether it is the first after a pause of the host. */
type SeenFrame = { readonly atMs: number; readonly open: boolean; readonly afterPause: boolean };
/** When a click is heard. */
type Click = { readonly startMs: number; endMs: number };

/**
 * Minutes of clicks, seen and heard from outside, on a host whose screen and timers are irregular (8 to 40 ms) and which stands still
 * every 2.4 s or so, for `pauseMs`.
 */
async function minutesOfClicks(minutes: number, pauseMs: (random: () => number) => number) {
  const endMs = minutes * 60_000;
  const { agent, clock } = await setUp({}, new PaintedModel());
  const random = randomNumbers(7);
  const seen: SeenFrame[] = [];
  let paused = false;
  void (async () => {
    for await (const frame of agent.frames()) {
      seen.push({ atMs: clock.nowMs(), open: frame.rgba[0]! > 127, afterPause: paused });
      paused = false;
      frame.close();
    }
  })();
  let spoken: Promise<unknown> = Promise.resolve();
  let speaking = false;
  while (clock.nowMs() < endMs) {
    if (!speaking) {
      speaking = true;
      spoken = agent.speak(clicks(random)).finished.then(() => {
        speaking = false;
      });
    }
    clock.advance(8 + 32 * random());
    if (random() < 0.01) {
      clock.advance(pauseMs(random));
      paused = true;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  agent.interrupt();
  await spoken;
  const heard: Click[] = [];
  for (const { startMs, pcm, sampleRateHz } of clock.scheduled) {
    const timeOf = (sample: number): number => startMs + (sample * 1_000) / sampleRateHz;
    for (let i = 0; i < pcm.length; i++) {
      if (pcm[i]! < 0.2) continue;
      const last = heard.at(-1);
      if (last && timeOf(i) - last.endMs < 1) last.endMs = timeOf(i + 1);
      else heard.push({ startMs: timeOf(i), endMs: timeOf(i + 1) });
    }
  }
  expect(heard.length).toBeGreaterThan(5 * minutes); // a stream is read on by the real clock, so some rest in between
  expect(agent.stats().skippedBlocks).toBe(0);
  return { seen, heard };
}

/** Whether a frame shows what is heard at some moment around the one at which it was handed out that nobody can tell from it. */
function isInTime({ atMs, open }: SeenFrame, heard: readonly Click[]): boolean {
  const [fromMs, toMs] = [atMs - LATEST_MS, atMs + EARLIEST_MS];
  if (open) return heard.some(({ startMs, endMs }) => startMs <= toMs && endMs >= fromMs);
  return !heard.some(({ startMs, endMs }) => startMs <= fromMs && endMs >= toMs);
}

describe("speaking", () => {
  it("keeps sound and lips together in every click of an hour, on an irregular host with pauses of up to 40 ms", {
    timeout: 900_000,
  }, async () => {
    const { seen, heard } = await minutesOfClicks(60, (random) => 20 + 20 * random());
    const openings = seen.filter(({ open }, i) => open && !seen[i - 1]?.open).map(({ atMs }) => atMs);
    const endMs = seen.at(-1)!.atMs;
    const lags = heard
      .filter(({ startMs }) => startMs < endMs - 1_000)
      .map(({ startMs }) =>
        openings.map((atMs) => atMs - startMs).reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a)),
      );
    const [earliest, latest] = [Math.min(...lags), Math.max(...lags)];
    console.log(`${heard.length} clicks in an hour: lips from ${earliest.toFixed(0)} to ${latest.toFixed(0)} ms`);
    expect(earliest).toBeGreaterThan(-EARLIEST_MS);
    expect(latest).toBeLessThan(LATEST_MS);
    const third = Math.floor(lags.length / 3); // lags spread over a frame and a turn of the host: a mean of a hundred is good to 3 ms only
    const drift = mean(lags.slice(-third)) - mean(lags.slice(0, third));
    console.log(`drift between the first and the last third of the hour: ${drift.toFixed(1)} ms`);
    expect(Math.abs(drift)).toBeLessThan(8);
    expect(seen.filter((frame) => !isInTime(frame, heard))).toEqual([]);
  });

  it("shows no lips of the past after a host stood still for 150 ms", { timeout: 900_000 }, async () => {
    const { seen, heard } = await minutesOfClicks(20, () => 150);
    const pauses = seen.filter(({ afterPause }) => afterPause).length;
    console.log(`${heard.length} clicks and ${pauses} pauses, ${seen.length} frames`);
    expect(pauses).toBeGreaterThan(300);
    expect(seen.filter((frame) => !isInTime(frame, heard))).toEqual([]);
  });

  it("begins with the first block of a stream, long before its end is known", async () => {
    const { agent, clock, pass } = await setUp();
    await pass(500);
    let more = (): void => {};
    async function* slow() {
      yield tone(100);
      yield tone(140);
      await new Promise<void>((resolve) => {
        more = resolve;
      });
      yield tone(1_000);
    }
    const askedMs = clock.nowMs();
    const { id, finished } = agent.speak(slow());
    await pass(1_000);
    const [first] = clock.scheduled.filter(({ utteranceId }) => utteranceId === id);
    // The next block that is not on screen yet is made again for it.
    expect(first!.startMs - askedMs).toBeLessThan(160 + 100);
    more();
    await pass(2_500);
    expect(await finished).toEqual({ playedMs: 1_240, interrupted: false });
    const pieces = clock.scheduled.filter(({ utteranceId }) => utteranceId === id);
    const before = pieces.filter(({ startMs }) => startMs < first!.startMs + 240);
    expect(before.reduce((sum, { pcm }) => sum + pcm.length, 0)).toBe(3_840); // what had come was played without a gap
  });

  it("shows the first frame within a block, at every place of a block, on a machine that is busy all the time", async () => {
    const model = new SlowModel({ motionMs: 50, pictureMs: 20 }); // 130 ms of the 160 that a block lasts
    const { agent, clock, pass, shown } = await setUp({}, model);
    model.wait = (ms) => clock.waitUntil(clock.nowMs() + ms);
    await pass(3_000);
    const waits: number[] = [];
    for (let i = 0; i < 16; i++) {
      await pass(260 + 10 * i);
      const before = shown.length;
      const askedMs = clock.nowMs();
      const { id, finished } = agent.speak(tone(200));
      await pass(700);
      const first = shown.slice(before).find(({ state }) => state === "speaking")!;
      waits.push(first.atMs - askedMs);
      const heard = clock.scheduled.find(({ utteranceId }) => utteranceId === id)!;
      expect(first.timestampMs).toBeCloseTo(heard.startMs, 6); // lips and sound begin together
      await finished;
    }
    const sorted = [...waits].sort((a, b) => a - b);
    console.log(`first frames of speech after ${sorted.join(", ")} ms`);
    expect(sorted.at(-1)).toBeLessThanOrEqual(160);
    expect(shown.every(({ index }, i) => index === i)).toBe(true); // none twice, none left out
    expect(agent.stats()).toMatchObject({ skippedBlocks: 0, droppedFrames: 0, quality: "full" });
    expect(model.finished).toBeLessThan(model.steps.length); // pictures of silence that nobody would see are not painted
  });

  it("does not take an interruption for a machine that is too slow", async () => {
    const model = new SlowModel({ motionMs: 50, pictureMs: 20 });
    const { agent, clock, pass } = await setUp({}, model);
    model.wait = (ms) => clock.waitUntil(clock.nowMs() + ms);
    await pass(3_000);
    for (let i = 0; i < 16; i++) {
      const { finished } = agent.speak(tone(5_000));
      await pass(1_000 + 10 * i);
      agent.interrupt();
      await finished;
      await pass(500);
    }
    expect(agent.stats().skippedBlocks).toBeGreaterThan(0); // some interruptions leave no time for the next block
    expect(agent.quality).toBe("full");
  });

  it.each([1, 2, 3, 4])("plays every sample of a bursty stream once and in order (%i)", async (seed) => {
    const { agent, clock, pass } = await setUp();
    const random = randomNumbers(seed);
    const rate = [16_000, 22_050, 24_000, 48_000][seed % 4]!;
    const total = Math.round((1 + 2 * random()) * rate);
    // A ramp: a sample that is lost, doubled, padded or moved is seen.
    const source = Float32Array.from({ length: total }, (_, n) => 0.1 + (0.8 * n) / total);
    async function* bursts() {
      for (let at = 0; at < total; ) {
        const length = Math.max(1, Math.round(random() ** 3 * 0.8 * rate));
        if (random() < 0.5) await clock.waitUntil(clock.nowMs() + 900 * random());
        yield { pcm: source.slice(at, at + length), sampleRateHz: rate };
        at += length;
      }
    }
    const { id, finished } = agent.speak(bursts());
    let result: unknown;
    void finished.then((value) => {
      result = value;
    });
    for (let i = 0; i < 40 && result === undefined; i++) await pass(500);
    expect(result).toMatchObject({ interrupted: false });
    const pieces = clock.scheduled.filter(({ utteranceId }) => utteranceId === id);
    expect(pieces.flatMap(({ pcm }) => [...pcm])).toEqual([...source]);
    pieces.forEach(({ startMs }, i) => {
      if (i === 0) return;
      const before = pieces[i - 1]!;
      const endMs = before.startMs + (before.pcm.length * 1_000) / before.sampleRateHz;
      expect(startMs).toBeGreaterThan(endMs - 0.2); // never over each other
    });
  });

  it("interrupts and speaks again a hundred times, and tells each time what was heard", {
    timeout: 120_000,
  }, async () => {
    const { agent, clock, pass, model } = await setUp();
    const random = randomNumbers(11);
    for (let i = 0; i < 100; i++) {
      const { id, finished } = agent.speak(tone(5_000));
      await pass(50 + Math.round(1_200 * random()));
      const nowMs = clock.nowMs();
      const heardMs = clock.scheduled
        .filter(({ utteranceId }) => utteranceId === id)
        .reduce((sum, { startMs, pcm }) => sum + Math.min(pcm.length / 16, Math.max(0, nowMs - startMs)), 0);
      agent.interrupt();
      const { playedMs, interrupted } = await finished;
      expect(interrupted).toBe(true);
      expect(Math.abs(playedMs - heardMs), `utterance ${i}`).toBeLessThan(0.2);
      expect(agent.state).toBe("listening");
      await pass(20);
    }
    const { id, finished } = agent.speak(tone(320));
    await pass(2_000);
    expect(await finished).toEqual({ playedMs: 320, interrupted: false });
    expect(clock.scheduled.some(({ utteranceId }) => utteranceId === id)).toBe(true);
    expect(model.calls.some((call) => call.startsWith("rewind"))).toBe(true);
  });
});

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
