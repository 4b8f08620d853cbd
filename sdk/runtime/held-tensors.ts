import type * as Ort from "onnxruntime-web";
import type { Tensor } from "../protocol/tensor.js";

/** Tensor -> where its numbers are on the GPU. Such a tensor has no data of its own; it can be fed to a graph and released. */
const held = new WeakMap<Tensor, Ort.Tensor>();

/** A tensor whose numbers stay on the GPU. The caller owns it and releases it. */
export function holdTensor(value: Ort.Tensor): Tensor {
  const tensor = { dtype: value.type, shape: value.dims, data: new Float32Array(0) } as Tensor;
  held.set(tensor, value);
  return tensor;
}

/** True for tensors whose numbers are on the GPU. */
export function isHeld(tensor: Tensor): boolean {
  return held.has(tensor);
}

/** Where the numbers are, if they are on the GPU. */
export function heldTensor(tensor: Tensor): Ort.Tensor | undefined {
  return held.get(tensor);
}

/** Lets the memory on the GPU go. Tensors in ordinary memory are left to the garbage collector. */
export function releaseTensor(tensor: Tensor): void {
  held.get(tensor)?.dispose();
  held.delete(tensor);
}
