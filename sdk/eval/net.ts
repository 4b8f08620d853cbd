import { EchoError, reasonOf } from "../base/errors.js";
import { sha256 } from "../pack/sha256.js";
import type { AssetOptions } from "../protocol/backend.js";
import { loadOrt, type OrtModule } from "../runtime/onnx-module.js";
import type { PictureSpec } from "./picture.js";

/** What is known of a measuring network beyond its graph: `<net>.json` beside `<net>.onnx`. */
export type NetDescription = {
  readonly name: string;
  /** What it was trained on, and whatever else a reader of its figures must know. */
  readonly remark?: string;
  readonly licence?: string;
  readonly input: PictureSpec;
  /** For networks of clips: frames in a window, and from one window to the next. @default 16 and 16 */
  readonly clip?: { readonly frames: number; readonly stride: number };
};

/** A network that measures: any ONNX graph of float32 inputs and outputs. */
export class MeasuringNet {
  readonly description: NetDescription;
  /** SHA-256 of the graph, so that nobody mistakes one network's figures for another's. */
  readonly hash: string;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #ort: OrtModule;
  readonly #session: Awaited<ReturnType<OrtModule["InferenceSession"]["create"]>>;

  private constructor(parts: {
    description: NetDescription;
    hash: string;
    ort: OrtModule;
    session: Awaited<ReturnType<OrtModule["InferenceSession"]["create"]>>;
  }) {
    this.description = parts.description;
    this.hash = parts.hash;
    this.inputNames = parts.session.inputNames;
    this.outputNames = parts.session.outputNames;
    this.#ort = parts.ort;
    this.#session = parts.session;
  }

  /**
   * Loads a graph: on onnxruntime-node where it is installed, on WASM elsewhere.
   * @throws EchoError "graph-load-failed", "backend-unavailable"
   */
  static async open(options: {
    bytes: Uint8Array;
    description: NetDescription;
    assets?: AssetOptions | undefined;
  }): Promise<MeasuringNet> {
    const { bytes, description, assets = {} } = options;
    const ort = await loadOrt("cpu", assets).catch(() => loadOrt("wasm", assets));
    try {
      const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: "all", logSeverityLevel: 3 });
      return new MeasuringNet({ description, hash: await sha256(bytes), ort, session });
    } catch (error) {
      throw new EchoError("graph-load-failed", { graph: description.name, reason: reasonOf(error), cause: error });
    }
  }

  /**
   * Runs the graph on inputs in the order of `inputNames`; each output as rows [N, everything else flattened].
   * @throws EchoError "graph-run-failed", "graph-output-not-finite"
   */
  async run(inputs: readonly { data: Float32Array; shape: readonly number[] }[]): Promise<Float64Array[][]> {
    const graph = this.description.name;
    const feeds = Object.fromEntries(
      inputs.map(({ data, shape }, i) => [this.inputNames[i]!, new this.#ort.Tensor("float32", data, [...shape])]),
    );
    let outputs: Awaited<ReturnType<typeof this.run>> = [];
    try {
      const results = await this.#session.run(feeds);
      outputs = this.outputNames.map((name) => rowsOf(results[name]!.data as Float32Array, inputs[0]!.shape[0]!));
    } catch (error) {
      throw new EchoError("graph-run-failed", { graph, reason: reasonOf(error), cause: error });
    }
    for (const [i, rows] of outputs.entries())
      for (const row of rows) {
        const bad = row.findIndex((value) => !Number.isFinite(value));
        if (bad >= 0)
          throw new EchoError("graph-output-not-finite", {
            graph,
            value: String(row[bad]),
            tensor: this.outputNames[i]!,
            index: bad,
          });
      }
    return outputs;
  }

  /** Frees the graph. */
  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

/** Name, hash and input of a network, for a report. */
export function netProvenance(net: MeasuringNet): Record<string, unknown> {
  const { name, remark, licence, input } = net.description;
  return { name, sha256: net.hash, remark, licence, input };
}

function rowsOf(data: Float32Array, count: number): Float64Array[] {
  const width = data.length / count;
  return Array.from({ length: count }, (_, n) => Float64Array.from(data.subarray(n * width, (n + 1) * width)));
}
