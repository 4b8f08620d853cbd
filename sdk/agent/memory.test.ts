import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { RATE, setUp } from "./fake-model.fixture.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that are held, in and beside the heap. */
async function heldBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it("holds no more after minutes of one long stream of speech than after the first", { timeout: 240_000 }, async () => {
  const { agent, clock, model, shown } = await setUp();
  /** 20 ms at a time, as a synthesiser or a call gives it, without end. */
  async function* voice() {
    for (let heardMs = clock.nowMs(); ; heardMs += 20) {
      await clock.waitUntil(heardMs);
      yield { pcm: new Float32Array(RATE / 50).fill(0.1), sampleRateHz: RATE };
    }
  }
  const { finished } = agent.speak(voice());
  /** What the doubles keep is not the agent's. */
  const forget = (): void => {
    for (const kept of [model.steps, model.lcuSteps, model.calls, clock.scheduled, shown]) kept.length = 0;
  };
  const converse = async (minutes: number): Promise<number> => {
    const endMs = clock.nowMs() + minutes * 60_000;
    while (clock.nowMs() < endMs) {
      clock.advance(20);
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      forget();
    }
    return heldBytes();
  };
  await converse(0.5); // code is compiled, pools fill
  const early = await converse(0.5);
  const late = await converse(3);
  console.log(`held after a minute ${early}, after four ${late}`);
  expect(agent.state).toBe("speaking");
  expect(agent.stats().skippedBlocks).toBe(0);
  expect(late / early).toBeLessThan(1.05);
  agent.interrupt();
  await finished;
});
