import { concreteShape, float32Tensor, type Tensor } from "../protocol/tensor.js";
import type { StageSession } from "./session.js";

/** `data` in the shape that the manifest gives the input `name`, for one session (N = 1). */
export function inputTensor(session: StageSession, name: string, data: Float32Array): Tensor {
  const spec = session.inputs[name];
  if (spec === undefined) throw new TypeError(`${session.name} has no input ${name}`);
  return float32Tensor(concreteShape(spec.shape, { N: 1 }), data);
}

/** A runtime switch of a graph: f32 [1, 1], 1 on and 0 off. */
export function switchTensor(on: boolean): Tensor {
  return float32Tensor([1, 1], Float32Array.of(on ? 1 : 0));
}
