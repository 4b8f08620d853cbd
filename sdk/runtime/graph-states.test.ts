import { expect, it } from "vitest";
import { float32Tensor, type TensorSpecs } from "../protocol/tensor.js";
import { GraphStates } from "./graph-states.js";

const inputs: TensorSpecs = {
  pcm: { dtype: "float32", shape: ["N", 4] },
  tail: { dtype: "float32", shape: ["N", 2] },
};
const specs = [{ input: "tail", output: "tail_next", initial: "zeros" }] as const;

it("starts with zeros, keeps what a run gave, and goes back to zeros", () => {
  const states = new GraphStates(specs, inputs, 2);
  expect(states.feeds).toEqual({ tail: float32Tensor([2, 2], new Float32Array(4)) });
  states.take({
    tail_next: float32Tensor([2, 2], new Float32Array([1, 2, 3, 4])),
    other: float32Tensor([0], new Float32Array()),
  });
  expect([...states.feeds.tail!.data]).toEqual([1, 2, 3, 4]);
  states.reset();
  expect([...states.feeds.tail!.data]).toEqual([0, 0, 0, 0]);
});

it("lets a state be set by hand and refuses what is none", () => {
  const states = new GraphStates(specs, inputs);
  states.set("tail", float32Tensor([1, 2], new Float32Array([5, 6])));
  expect([...states.feeds.tail!.data]).toEqual([5, 6]);
  expect(() => states.set("pcm", float32Tensor([1, 4], new Float32Array(4)))).toThrow(TypeError);
});

it("refuses a run that lacks a state", () => {
  expect(() => new GraphStates(specs, inputs).take({})).toThrow("outputs.tail_next must be there");
  expect(() => new GraphStates([{ input: "x", output: "y", initial: "zeros" }], inputs)).toThrow(TypeError);
});
