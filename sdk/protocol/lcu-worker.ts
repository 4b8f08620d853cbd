import type { AssetOptions, BackendName, BackendReport, PackSource } from "./backend.js";

/** What the LCU needs for one block (160 ms) of the user. The arrays are transferred: the caller gives them up. */
export type LcuStepInput = {
  /** f32 [2560], the user's audio of this block, 16 kHz mono, -1..1. */
  readonly pcm: Float32Array;
  /** f32 [4*58]: per frame 52 ARKit coefficients, then yaw, pitch, roll (rad), x, y, z (head heights). */
  readonly face: Float32Array;
  /** f32 [4]: 1 where a face is seen, else 0. */
  readonly presence: Float32Array;
  /** Long-range perception encoder on. */
  readonly lpe: boolean;
  /** Historical behaviour context understanding on. */
  readonly hbcu: boolean;
};

/** The conditioning of one block. The receiver owns the array. */
export type LcuStepOutput = {
  /** f32 [12*128], F_pu (Eq. 9). */
  readonly fPu: Float32Array;
  /** Milliseconds that each graph took. */
  readonly stageMs: Record<string, number>;
};

/** The long-range context unit behind a thread. Calls are answered in order; state is carried from block to block. */
export interface LcuWorkerApi {
  load(options: { pack: PackSource; backend: BackendName; assets?: AssetOptions | undefined }): Promise<BackendReport>;
  step(input: LcuStepInput): Promise<LcuStepOutput>;
  /** Encodes the affect text to c_emo, f32 [8*128]. */
  setAffect(text: string): Promise<Float32Array>;
  /** Puts the embedding of a text in the place of the pack's own understanding (S_usr); null takes it away again. */
  setUnderstanding?(text: string | null): Promise<void>;
  /** All states back to zero. */
  reset(): Promise<void>;
  dispose(): Promise<void>;
}
