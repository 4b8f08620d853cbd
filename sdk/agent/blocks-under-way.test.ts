import { describe, expect, it } from "vitest";
import { ManualPlayoutClock } from "../frame/manual-playout-clock.js";
import type { GeneratorStepOutput, GeneratorWorkerApi } from "../protocol/generator-worker.js";
import { BlockTimes } from "./block-times.js";
import { SpeakingLoop } from "./speaking-loop.js";

const TIMES = { fps: 25, sampleRateHz: 16_000, samplesPerFrame: 640, blockFrames: 4, avatarLookaheadFrames: 2 };
const output = (): GeneratorStepOutput => ({
  rgba: [],
  blendshapes: new Float32Array(208),
  pose: new Float32Array(24),
  stageMs: {},
});

/** A loop whose generator answers each step `answerMs` after it was asked, on a clock that is moved by hand. */
function start(blocksUnderWay: number, answerMs: number) {
  const clock = new ManualPlayoutClock();
  const told = { shown: [] as number[], failed: [] as unknown[], rewinds: [] as number[], most: 0 };
  let [asked, answered] = [0, 0];
  let failing = false;
  const step = async (): Promise<GeneratorStepOutput> => {
    asked += 1;
    told.most = Math.max(told.most, asked - answered);
    await clock.waitUntil(clock.nowMs() + answerMs);
    answered += 1;
    if (failing) throw new Error("the server failed");
    return output();
  };
  const nothing = async (): Promise<void> => {};
  const rewind = async ({ blocks }: { blocks: number }): Promise<void> => {
    told.rewinds.push(blocks);
  };
  const loop = new SpeakingLoop({
    clock,
    times: new BlockTimes(TIMES, 500),
    generator: { step, prime: nothing, rewind } as unknown as GeneratorWorkerApi,
    blocksUnderWay,
    place: () => new Float32Array(2_560),
    conditions: async () => ({
      fPu: new Float32Array(1),
      emotion: new Float32Array(1),
      sdcm: true,
      lau: true,
      expressivity: 1,
    }),
    show: (block) => told.shown.push(block),
    made: () => {},
    failed: (error) => told.failed.push(error),
  });
  const ended = loop.run();
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 10) {
      clock.advance(10);
      for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const fail = (): void => {
    failing = true;
  };
  return { loop, told, pass, fail, ended, clock };
}

describe("blocks under way", () => {
  it("one at a time cannot keep up with a way of 250 ms, three can", async () => {
    const one = start(1, 250);
    const three = start(3, 250);
    await Promise.all([one.pass(4_000), three.pass(4_000)]);
    one.loop.stop();
    three.loop.stop();
    expect(one.told.most).toBe(1);
    expect(one.loop.skipped).toBeGreaterThan(3);
    expect(three.told.most).toBeGreaterThan(1);
    expect(three.told.most).toBeLessThanOrEqual(3);
    expect(three.loop.skipped).toBe(0);
    expect(three.told.shown).toEqual(three.told.shown.map((_, i) => i)); // every block, once, in order
    expect(three.told.shown.length).toBeGreaterThan(18);
  });

  it("an interruption takes back those that have not come, and makes them again", async () => {
    const { loop, told, pass, clock } = start(3, 250);
    await pass(2_000);
    const before = told.shown.length;
    const block = new BlockTimes(TIMES, 500).firstUnseen(clock.nowMs());
    loop.interrupt(block, 0);
    await pass(1_500);
    loop.stop();
    expect(told.rewinds).toHaveLength(1);
    expect(told.rewinds[0]).toBeGreaterThanOrEqual(1);
    const after = told.shown.slice(before);
    expect(after[0]).toBeLessThanOrEqual(block);
    expect(after).toEqual(after.map((_, i) => after[0]! + i)); // none of those that were under way came through
  });

  it("a step that fails is told once, and ends the loop", async () => {
    const { told, pass, fail, ended } = start(3, 250);
    await pass(1_000);
    fail();
    await pass(1_500);
    await ended;
    expect(told.failed).toHaveLength(1);
  });
});
