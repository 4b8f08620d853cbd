import { EchoError, type ErrorStage } from "../base/errors.js";
import type { Tensor, TensorSpecs } from "../protocol/tensor.js";

/**
 * Checks that the inputs of a run are those that the graph takes, with one size for each symbol.
 * @throws TypeError that names the input
 */
export function checkInputs(graph: string, specs: TensorSpecs, inputs: Readonly<Record<string, Tensor>>): void {
  const sizes: { N?: number; F?: number } = {};
  for (const [name, spec] of Object.entries(specs)) {
    const tensor = inputs[name];
    if (tensor === undefined) throw new TypeError(`${graph}: inputs.${name} must be given`);
    const fits =
      tensor.dtype === spec.dtype &&
      tensor.shape.length === spec.shape.length &&
      spec.shape.every((size, i) => {
        const found = tensor.shape[i]!;
        if (typeof size === "number") return size === found;
        sizes[size] ??= found;
        return sizes[size] === found;
      });
    if (!fits) {
      const found = `${tensor.dtype} [${tensor.shape}]`;
      throw new TypeError(`${graph}: inputs.${name} must be ${spec.dtype} [${spec.shape}], not ${found}`);
    }
  }
  const unknown = Object.keys(inputs).find((name) => specs[name] === undefined);
  if (unknown !== undefined) throw new TypeError(`${graph}: inputs.${unknown} is not an input of this graph`);
}

/** Looks for NaN and infinity in what a graph gave. @throws EchoError "graph-output-not-finite" that names the first */
export function checkFinite(graph: string, outputs: Readonly<Record<string, Tensor>>, stage?: ErrorStage): void {
  for (const [tensor, { dtype, data }] of Object.entries(outputs)) {
    if (dtype !== "float32") continue;
    for (let index = 0; index < data.length; index++) {
      const value = data[index]!;
      if (value - value === 0) continue; // false for NaN and both infinities
      throw new EchoError("graph-output-not-finite", {
        graph,
        value: String(value),
        tensor,
        index,
        ...(stage === undefined ? {} : { stage }),
      });
    }
  }
}
