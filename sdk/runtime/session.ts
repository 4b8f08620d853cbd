import type { ErrorStage } from "../base/errors.js";
import type { BackendReport } from "../protocol/backend.js";
import type { Tensor, TensorSpecs } from "../protocol/tensor.js";

/** One graph that is ready to run. */
export interface StageSession {
  /** The stage's name in the manifest, for instance "generator". */
  readonly name: string;
  readonly inputs: TensorSpecs;
  readonly outputs: TensorSpecs;
  /**
   * Runs the graph on all of its inputs. The caller keeps the inputs and owns the outputs; `wanted` names those that are needed, the
   * others are not copied. @default wanted: all
   * @throws TypeError when an input is absent, unknown or of another shape
   * @throws EchoError "graph-run-failed", "graph-output-not-finite", "gpu-device-lost", "disposed"
   */
  run(inputs: Readonly<Record<string, Tensor>>, wanted?: readonly string[]): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** A graph file and what the manifest says of it. */
export type GraphSource = {
  readonly name: string;
  /** The file's name in the pack, for messages. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly inputs: TensorSpecs;
  readonly outputs: TensorSpecs;
  /** For errors. @default "runtime" */
  readonly stage?: ErrorStage | undefined;
};

/** What a runtime may do to spare copies between a graph and the GPU; elsewhere it changes nothing. */
export type Placement = {
  /** Outputs that stay on the GPU: the states that go into the next run. Whoever takes them releases them (held-tensors.ts). */
  readonly keep?: readonly string[] | undefined;
  /** Inputs that are the same tensor in run after run: they are uploaded once. */
  readonly constants?: readonly string[] | undefined;
};

/** A backend that can run graphs. */
export interface Runtime extends BackendReport {
  /**
   * Loads a graph and compares it with the manifest.
   * @throws EchoError "graph-load-failed", "pack-graph-mismatch"
   */
  createSession(source: GraphSource, placement?: Placement): Promise<StageSession>;
  /** The GPU on which outputs can stay: WebGPU in a browser. */
  readonly device?: GPUDevice | undefined;
  /** Milliseconds spent inside graphs so far, without what TypeScript does around them. */
  readonly graphMs?: number;
  /** Ends every session. */
  dispose(): Promise<void>;
}
