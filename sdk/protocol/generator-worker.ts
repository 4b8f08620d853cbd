import type { AssetOptions, BackendName, BackendReport, PackSource } from "./backend.js";
import type { Picture, PictureForm } from "./picture.js";

/** What the generator needs for one block (4 frames). The arrays are transferred: the caller gives them up. */
export type GeneratorStepInput = {
  /** f32 [2560], the avatar's audio ahead of the block by the pack's avatarLookaheadFrames, 16 kHz mono, -1..1. */
  readonly pcm: Float32Array;
  /** f32 [12*128] from the LCU. */
  readonly fPu: Float32Array;
  /** f32 [8*128] from the LCU's setAffect. */
  readonly emotion: Float32Array;
  /** Speech driven control on. */
  readonly sdcm: boolean;
  /** Language affect understanding on. */
  readonly lau: boolean;
  /** 0..1. */
  readonly expressivity: number;
  /** How many of the block's frames are painted: 4, 2, 1 or 0; blendshapes and pose always come for all. @default 4 */
  readonly pictures?: number | undefined;
  /** The first of the block's frames that somebody will see: pictures before it need not be painted. @default 0 */
  readonly paintFrom?: number | undefined;
  /** How many of them come with the answer; `paint()` gives the others. @default all */
  readonly paintNow?: number | undefined;
  /** Steps of the sampler. @default as many as the pack says */
  readonly steps?: number | undefined;
};

/** Four frames. The receiver owns the arrays. */
export type GeneratorStepOutput = {
  /** Pictures, straight alpha, row 0 on top: one a frame, or fewer, each then stands for as many frames. */
  readonly rgba: Picture[];
  /** f32 [4*52], ARKit order, 0..1. */
  readonly blendshapes: Float32Array;
  /** f32 [4*6]: yaw, pitch, roll (rad), x, y, z (head heights). */
  readonly pose: Float32Array;
  /** Pictures before these that were left out, because of `paintFrom`. @default 0 */
  readonly leftOut?: number | undefined;
  /** Pictures that `paint()` still has to give. @default 0 */
  readonly unpainted?: number | undefined;
  /** Of a generator that was loaded with `paintsElsewhere`: tokens f32 [12*32] of each picture, in the place of `rgba`. */
  readonly toPaint?: Float32Array[] | undefined;
  /** Milliseconds that each graph took. */
  readonly stageMs: Record<string, number>;
  /** Milliseconds that making it took, where it came over a line and its way is no part of that. @default what the answer took */
  readonly workMs?: number | undefined;
  /** True when its pictures were dropped on the way, because the line or this side could not take them in time. */
  readonly dropped?: boolean | undefined;
  /** True when nobody made this block: the head as it was last seen, while a render server does not answer. */
  readonly held?: boolean | undefined;
};

/** The next picture of a block. The receiver owns it. */
export type PaintOutput = {
  /** Straight alpha, row 0 on top. */
  readonly rgba: Picture;
  /** Milliseconds that the decoder took. */
  readonly stageMs: Record<string, number>;
};

/** Decoders that an avatar may have; each has "full". */
export type DecoderVariant = "full" | "light";

/** How many steps can be taken back: the agent generates at most so many blocks ahead of its clock. */
export const MAX_REWIND_BLOCKS = 3;

/** Generator, blendshape head and decoder behind a thread. Calls are answered in order. */
export interface GeneratorWorkerApi {
  load(options: {
    pack: PackSource;
    avatar: string;
    backend: BackendName;
    seed: number;
    assets?: AssetOptions | undefined;
    /** Where pictures may stay. @default "memory" */
    pictures?: PictureForm | undefined;
    /** Another thread paints: no decoder is loaded, and steps give tokens in the place of pictures. @default false */
    paintsElsewhere?: boolean | undefined;
  }): Promise<BackendReport & { readonly width: number; readonly height: number }>;
  /**
   * Runs the audio encoder on the block before the first step and drops the features: f32 [2560] whose last
   * avatarLookaheadFrames * 640 samples are the first ones of the avatar's audio.
   */
  prime(input: { readonly pcm: Float32Array }): Promise<void>;
  step(input: GeneratorStepInput): Promise<GeneratorStepOutput>;
  /**
   * The next picture of the last step that left some unpainted. Those that nobody asks for before the next step are never painted.
   * Throws a `TypeError` when there is none.
   */
  paint?(): Promise<PaintOutput>;
  /**
   * Goes back by some steps (at most {@link MAX_REWIND_BLOCKS}), which are then made again because speech was interrupted or begins;
   * by none, when only the look-ahead of the step before has changed.
   * `pcm` f32 [2560] takes the place of the audio of the step before them, whose look-ahead is no longer true.
   */
  rewind(input: { readonly blocks: number; readonly pcm: Float32Array }): Promise<void>;
  setAvatar(id: string): Promise<void>;
  /** Changes to another decoder of the avatar, where it has one. */
  setDecoder?(variant: DecoderVariant): Promise<void>;
  /** All states back to zero and the noise back to its seed. */
  reset(): Promise<void>;
  dispose(): Promise<void>;
}
