import type { Tensor, TensorSpec, TensorSpecs } from "../../protocol/tensor.js";

type Tensors = Readonly<Record<string, Tensor>>;

/** True for a tensor whose first axis counts sessions ("N") or frames ("F"). */
function isBatched(spec: TensorSpec | undefined): boolean {
  return typeof spec?.shape[0] === "string";
}

/** Inputs whose arrays never change (states), and what was joined of them last. */
export type JoinedStates = Map<string, { readonly parts: readonly Tensor["data"][]; readonly data: Tensor["data"] }>;

/**
 * Several heads' inputs as one, joined along the free axis: [n_i, ...] -> [sum n_i, ...]. Inputs without one are the same for all of
 * them and are taken from the first. `sizes` are the heads' own n_i. What `states` names is not joined again when it consists of the same
 * arrays as the last time: through the runs of one block. (The sampler's x is the same array too, but with other numbers.)
 */
export function joinInputs(
  specs: TensorSpecs,
  all: readonly Tensors[],
  states: JoinedStates = new Map(),
): { inputs: Tensors; sizes: number[] } {
  const first = all[0]!;
  const free = Object.keys(specs).find((name) => isBatched(specs[name]))!;
  const sizes = all.map((inputs) => inputs[free]!.shape[0]!);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const inputs: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(first)) {
    if (!isBatched(specs[name])) {
      inputs[name] = tensor;
      continue;
    }
    const parts = all.map((each) => each[name]!.data);
    const last = states.get(name);
    const same = last?.parts.length === parts.length && last.parts.every((part, i) => part === parts[i]);
    const data = same ? last.data : join(tensor, parts);
    if (last && !same) states.set(name, { parts, data });
    inputs[name] = { dtype: tensor.dtype, shape: [total, ...tensor.shape.slice(1)], data } as Tensor;
  }
  return { inputs, sizes };
}

/** The other way: one run's outputs, cut into the heads' own. Copies, so that one head's result does not keep all of them alive. */
export function splitOutputs(specs: TensorSpecs, outputs: Tensors, sizes: readonly number[]): Record<string, Tensor>[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let from = 0;
  return sizes.map((size) => {
    const own: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      if (!isBatched(specs[name])) {
        own[name] = tensor;
        continue;
      }
      const row = tensor.data.length / total;
      const data = tensor.data.slice(from * row, (from + size) * row);
      own[name] = { dtype: tensor.dtype, shape: [size, ...tensor.shape.slice(1)], data } as Tensor;
    }
    from += size;
    return own;
  });
}

/**
 * A key of the inputs without a free axis (an avatar's appearance): requests may share a run when it is the same. Made from the
 * contents, once for each array; the arrays must not change.
 */
export function unbatchedKey(specs: TensorSpecs, inputs: Tensors): string {
  const keys: string[] = [];
  for (const [name, tensor] of Object.entries(inputs)) if (!isBatched(specs[name])) keys.push(contentKey(tensor.data));
  return keys.join(" ");
}

const contentKeys = new WeakMap<object, string>();

function contentKey(data: Tensor["data"]): string {
  let key = contentKeys.get(data);
  if (key === undefined) {
    const words = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // FNV-1a, Fowler, Noll and Vo 1991, in two lanes of 32 bits: 64 bits tell the avatars of a pack apart.
    let [a, b] = [0x811c9dc5, 0x01000193];
    for (let i = 0; i < words.length; i++) {
      a = Math.imul(a ^ words[i]!, 0x01000193);
      b = Math.imul(b + words[i]! + (a >>> 15), 0x85ebca6b);
    }
    key = `${data.length}:${a >>> 0}:${b >>> 0}`;
    contentKeys.set(data, key);
  }
  return key;
}

function join(tensor: Tensor, parts: readonly Tensor["data"][]): Tensor["data"] {
  const make = { float32: Float32Array, int32: Int32Array }[tensor.dtype];
  const data = new make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part as Float32Array, at); // all of the tensor's own type
    at += part.length;
  }
  return data;
}
