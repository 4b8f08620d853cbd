import type { AssetOptions, BackendName, BackendReport, PackSource } from "./backend.js";
import type { GeneratorStepInput, GeneratorStepOutput } from "./generator-worker.js";

/** Batches since the last look. */
export type BatchReport = {
  /** Graph -> runs, heads in them, and the milliseconds that they took. */
  readonly graphs: Readonly<Record<string, { readonly runs: number; readonly heads: number; readonly ms: number }>>;
};

/** Many heads on one set of graphs, behind a thread. Calls of one head are answered in order; heads do not wait for each other. */
export interface RendererWorkerApi {
  load(options: {
    pack: PackSource;
    backend: BackendName;
    /** Heads in one run at most. */
    maxBatch: number;
    assets?: AssetOptions | undefined;
  }): Promise<BackendReport>;
  /** A new head. Throws EchoError `avatar-not-found`. */
  open(head: string, options: { avatar: string; seed: number }): Promise<{ width: number; height: number }>;
  step(head: string, input: GeneratorStepInput): Promise<GeneratorStepOutput>;
  prime(head: string, input: { readonly pcm: Float32Array }): Promise<void>;
  rewind(head: string, input: { readonly blocks: number; readonly pcm: Float32Array }): Promise<void>;
  setAvatar(head: string, avatar: string): Promise<void>;
  reset(head: string): Promise<void>;
  /** Lets a head go; one that is unknown is no mistake. */
  close(head: string): Promise<void>;
  /** What was batched since the last call. */
  takeBatches(): Promise<BatchReport>;
  dispose(): Promise<void>;
}
