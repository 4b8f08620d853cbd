import type * as Ort from "onnxruntime-web";
import { EchoError } from "../base/errors.js";
import type { TensorSpecs } from "../protocol/tensor.js";

type Metadata = readonly Ort.InferenceSession.ValueMetadata[];

/** A graph as its file describes it. */
export type GraphMetadata = { readonly inputMetadata: Metadata; readonly outputMetadata: Metadata };

/**
 * Compares the names, types and shapes of a loaded graph with the manifest. Where either side has a symbol ("N") for a
 * dimension, any size fits.
 * @throws EchoError "pack-graph-mismatch" that names the first difference
 */
export function checkSignature(
  graph: GraphMetadata,
  described: { readonly file: string; readonly inputs: TensorSpecs; readonly outputs: TensorSpecs },
): void {
  const { file } = described;
  const differs = (reason: string) => new EchoError("pack-graph-mismatch", { file, reason });
  for (const kind of ["input", "output"] as const) {
    const specs = described[`${kind}s`];
    const found = new Map(graph[`${kind}Metadata`].map((value) => [value.name, value]));
    const absent = Object.keys(specs).find((name) => !found.has(name));
    if (absent !== undefined) throw differs(`it has no ${kind} "${absent}"; it has ${[...found.keys()].join(", ")}`);
    const extra = [...found.keys()].find((name) => specs[name] === undefined);
    if (extra !== undefined) throw differs(`the manifest does not name its ${kind} "${extra}"`);
    for (const [name, spec] of Object.entries(specs)) {
      const value = found.get(name)!;
      if (!value.isTensor) throw differs(`its ${kind} "${name}" is no tensor`);
      const fits =
        value.type === spec.dtype &&
        value.shape.length === spec.shape.length &&
        value.shape.every(
          (size, i) => typeof size === "string" || typeof spec.shape[i] === "string" || size === spec.shape[i],
        );
      if (!fits) {
        throw differs(
          `its ${kind} "${name}" is ${value.type} [${value.shape}], the manifest says ${spec.dtype} [${spec.shape}]`,
        );
      }
    }
  }
}
