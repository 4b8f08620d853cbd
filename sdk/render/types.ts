import type { Percentiles } from "../base/percentiles.js";
import type { Pack } from "../pack/pack.js";
import type { AssetOptions, BackendName, PackSource } from "../protocol/backend.js";
import type { AffectReasoner, DialogueTurn } from "../protocol/dialogue.js";
import type { FaceSample } from "../protocol/pose.js";

export type { Percentiles } from "../base/percentiles.js";

/** The parts that can be switched off while running: the paper's ablations. */
export type ModelSwitches = {
  /** Long-range low-level perception. @default true */
  readonly lpe: boolean;
  /** Understanding of minutes of behaviour. @default true */
  readonly hbcu: boolean;
  /** Affect from language. @default true */
  readonly lau: boolean;
  /** Decoupled control of lips and face. @default true */
  readonly sdcm: boolean;
};

/** Options of renderFrames. */
export type RenderOptions = {
  /** Folder (Node), base address, "echo-nano" for the pack that comes with the package, or an opened pack. */
  readonly pack: string | URL | PackSource | Pack;
  /** Name of the avatar. @default the pack's default */
  readonly avatar?: string | undefined;
  /** @default "auto" */
  readonly backend?: BackendName | undefined;
  /** Whole number from 0 to 2^32 - 1; the same seed gives the same frames. @default 1 */
  readonly seed?: number | undefined;
  /** Listening motion: 0 is still but alive, 1 is full. @default 1 */
  readonly expressivity?: number | undefined;
  readonly switches?: Partial<ModelSwitches> | undefined;
  /** What the avatar says: 16 kHz mono in -1..1, chunks of any length. */
  readonly avatarAudio?: AsyncIterable<Float32Array> | undefined;
  /** What the user says: 16 kHz mono in -1..1, chunks of any length. */
  readonly userAudio?: AsyncIterable<Float32Array> | undefined;
  /** The user's face, sorted by time; each is held until the next one, at most 0.5 s. */
  readonly userFace?: readonly FaceSample[] | undefined;
  /** What was said, sorted by time. */
  readonly dialogue?: readonly DialogueTurn[] | undefined;
  /** Reads the affect off the dialogue. @default the offline reasoner */
  readonly reasoner?: AffectReasoner | undefined;
  /** Ends after so many frames. @default where the avatar's audio ends, or, without it, where the user's input ends */
  readonly frameCount?: number | undefined;
  readonly assets?: AssetOptions | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** What a render was like; the value that the generator returns. */
export type RenderSummary = {
  readonly frames: number;
  readonly fps: number;
  /** Seconds of video for each second of work, from the first block to the last frame taken, the consumer's time included. */
  readonly realTimeFactor: number;
  /** From the call to the first frame, loading included. */
  readonly firstFrameMs: number;
  /** From the moment a block could begin to its four frames. */
  readonly blockMs: Percentiles;
  /** Time of each graph in a block. */
  readonly stages: Readonly<Record<string, Percentiles>>;
  /** Where the graphs ran. */
  readonly backend: string;
  readonly packHash: string;
};
