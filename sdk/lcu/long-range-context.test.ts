import { expect, it } from "vitest";
import { FakeSession } from "../../tests/fake-session.js";
import { AudioEncoder } from "../perception/audio-encoder.js";
import { VisualEncoder } from "../perception/visual-encoder.js";
import { float32Tensor } from "../protocol/tensor.js";
import { GatedFusion } from "./gca.js";
import { HistoryRing } from "./history.js";
import { LongRangeContext } from "./long-range-context.js";
import { LowLevelPerception } from "./lpe.js";
import { HistoryUnderstanding } from "./phi.js";

const one = (value: number) => float32Tensor([1, 1], Float32Array.of(value));

/** 2 frames a block, 1 value a face, window 1, 1 feature; an entry of the history has 3 values and takes 2 blocks. */
function setUp() {
  const audio = new FakeSession("audio-encoder", { pcm: ["N", 2], tail: ["N", 1] }, ({ pcm, tail }) => ({
    features: float32Tensor(
      [1, 2, 1, 1],
      Float32Array.from(pcm!.data, (value) => value + tail!.data[0]!),
    ),
    tail_next: one(pcm!.data[1]!),
  }));
  const visual = new FakeSession("visual-encoder", { face: ["N", 2, 1], presence: ["N", 2, 1] }, ({ face }) => ({
    tokens: float32Tensor([1, 2, 1, 1], face!.data as Float32Array),
  }));
  const lpe = new FakeSession(
    "lpe",
    { audio: ["N", 2, 1, 1], visual: ["N", 2, 1, 1], lpe: ["N", 1], state: ["N", 1] },
    ({ audio: a, state }) => ({
      perception: one(a!.data[0]! + 100 * state!.data[0]!),
      state_next: one(state!.data[0]! + 1),
    }),
  );
  const phi = new FakeSession("phi", { history: ["N", 3, 3], mask: ["N", 3] }, ({ mask }) => ({
    understanding: one((mask!.data as Float32Array).reduce((a, b) => a + b, 0)),
  }));
  const gca = new FakeSession(
    "gca",
    { perception: ["N", 1], understanding: ["N", 1], hbcu: ["N", 1] },
    ({ perception, understanding }) => ({ f_pu: one(perception!.data[0]! + 0.1 * understanding!.data[0]!) }),
  );
  const context = new LongRangeContext({
    audioEncoder: new AudioEncoder(audio, [{ input: "tail", output: "tail_next", initial: "zeros" }]),
    visualEncoder: new VisualEncoder(visual),
    perception: new LowLevelPerception(lpe, [{ input: "state", output: "state_next", initial: "zeros" }]),
    history: new HistoryRing({ entries: 3, blocksPerEntry: 2, values: 3 }),
    understanding: new HistoryUnderstanding(phi),
    fusion: new GatedFusion(gca),
    featureWindow: 1,
  });
  const step = async (value: number): Promise<number> => {
    const block = { pcm: Float32Array.of(value, value), face: new Float32Array(2), presence: Float32Array.of(1, 1) };
    const fPu = await context.step({ ...block, lpe: true, hbcu: false }, (_, job) => job());
    return Number(fPu[0]!.toFixed(3));
  };
  return { context, step, phi, gca, lpe };
}

it("carries its states from block to block, and understands anew once an entry", async () => {
  const { step, phi, gca, lpe } = setUp();
  // block 0 1 2 3 4: the audio's tail, 100 a block from the LPE state, 0.1 for each entry that the history holds
  expect([await step(1), await step(2), await step(3), await step(4), await step(5)]).toEqual([
    1, 103.1, 205.1, 307.2, 409.2,
  ]);
  expect(phi.runs).toHaveLength(3); // once on the empty history, then after blocks 1 and 3
  expect(phi.runs[0]!.mask!.data).toEqual(new Float32Array(3));
  expect(gca.runs[0]!.hbcu!.data[0]).toBe(0);
  expect(lpe.runs[0]!.lpe!.data[0]).toBe(1);
});

it("starts again after a reset", async () => {
  const { context, step } = setUp();
  const first = [await step(1), await step(2), await step(3)];
  context.reset();
  expect([await step(1), await step(2), await step(3)]).toEqual(first);
});
