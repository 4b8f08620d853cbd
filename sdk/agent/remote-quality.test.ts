import { describe, expect, it } from "vitest";
import type { GeneratorStepInput, GeneratorStepOutput } from "../protocol/generator-worker.js";
import { FakeModel, setUp } from "./fake-model.fixture.js";

/** A render server 100 ms away that makes one block after another, and a line on which pictures may be dropped. */
class FarModel extends FakeModel {
  override readonly blocksUnderWay = 3;
  wait: (ms: number) => Promise<void> = async () => {};
  nowMs: () => number = () => 0;
  /** What a picture costs the server, in ms. */
  pictureMs = 10;
  /** Pictures of a block that the line carries in time. */
  carried = 4;
  #freeMs = 0;
  #count = 0;

  override beforeStep = async ({ pictures = 4 } = {} as GeneratorStepInput): Promise<void> => {
    this.#freeMs = Math.max(this.#freeMs, this.nowMs() + 100) + 30 + pictures * this.pictureMs;
    await this.wait(this.#freeMs + 100 - this.nowMs());
  };

  protected override answer(input: GeneratorStepInput): GeneratorStepOutput {
    const { pictures = 4 } = input;
    const paintMs = pictures * this.pictureMs;
    const output = super.answer(input);
    if (pictures > this.carried && this.#count++ % 2 === 1)
      return { ...output, rgba: [new Uint8ClampedArray(16)], stageMs: {}, dropped: true };
    return { ...output, stageMs: { generator: 30, decoder: paintMs }, workMs: 30 + paintMs };
  }
}

async function agentFarAway() {
  const model = new FarModel();
  const set = await setUp({ backend: { remote: "http://127.0.0.1:1" } }, model);
  model.nowMs = () => set.clock.nowMs();
  model.wait = (ms) => set.clock.waitUntil(set.clock.nowMs() + ms);
  const changes: string[] = [];
  set.agent.on("quality-changed", ({ from, to }) => changes.push(`${from} > ${to}`));
  return { ...set, model, changes };
}

describe("quality of an agent whose head is rendered elsewhere", () => {
  it("does not take a long way for a slow server", async () => {
    const { agent, pass, changes } = await agentFarAway();
    await pass(8_000);
    expect(changes).toEqual([]);
    expect(agent.stats()).toMatchObject({ quality: "full", skippedBlocks: 0 });
  });

  it("goes down when the server cannot hold the rate, says so, and goes up when it can again", async () => {
    const { agent, pass, changes, model } = await agentFarAway();
    model.pictureMs = 50;
    await pass(4_000);
    expect(changes).toEqual(["full > half-rate"]);
    const { skippedBlocks } = agent.stats();
    await pass(3_000);
    expect(agent.stats()).toMatchObject({ quality: "half-rate", skippedBlocks });
    expect(model.steps.at(-1)).toMatchObject({ pictures: 2 });
    model.pictureMs = 10;
    await pass(10_000);
    expect(changes).toEqual(["full > half-rate", "half-rate > full"]);
  });

  it("goes down when the line drops pictures, as far as it must", async () => {
    const { agent, pass, changes, model } = await agentFarAway();
    model.carried = 1;
    await pass(8_000);
    expect(changes).toEqual(["full > half-rate", "half-rate > quarter-rate"]);
    expect(agent.quality).toBe("quarter-rate");
    model.carried = 4;
    await pass(20_000);
    expect(agent.quality).toBe("full");
  });
});
