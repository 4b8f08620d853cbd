import type { EchoError } from "../base/errors.js";
import type { Percentiles } from "../base/percentiles.js";
import type { UserView } from "../perception/user-view.js";
import type { ChosenBackend } from "../protocol/backend.js";
import type { AgentState } from "./agent-state.js";
import type { QualityChange, QualityLevel } from "./quality-ladder.js";

/** How an agent is doing. Times in ms, over about the last minute. */
export type AgentStats = {
  /** Frames made since the beginning. */
  readonly frames: number;
  /** Frames that consumers got, and frames that were closed unseen because a newer one was due. */
  readonly deliveredFrames: number;
  readonly droppedFrames: number;
  /** Blocks of pictures left out because the machine is too slow. */
  readonly skippedBlocks: number;
  /** How much of the work is done. */
  readonly quality: QualityLevel;
  /** Blocks of the user's audio and face that the LCU had no time for. */
  readonly skippedUserBlocks: number;
  /** From the beginning of a block to its four frames. */
  readonly blockMs: Percentiles;
  /** Each graph in a block. */
  readonly stages: Readonly<Record<string, Percentiles>>;
  /** How long before its time a block is begun. */
  readonly leadMs: number;
  /** From `create` to the first frame. */
  readonly firstFrameMs: number;
  /** Samples of the user's audio: handed in, dropped because they were too many, padded because they were too few. */
  readonly userSamples: { readonly pushed: number; readonly dropped: number; readonly padded: number };
  /** Pictures of the user: looked at, left out because a look was under way, and what the last look took. */
  readonly userPictures: { readonly looks: number; readonly skipped: number; readonly lookMs: number };
};

/** Event name -> what its listeners get. */
export type AgentEvents = {
  "state-changed": { readonly from: AgentState; readonly to: AgentState };
  /** About once a second. */
  stats: AgentStats;
  /** A worse backend than the best one was taken, and why. */
  downgraded: { readonly from: ChosenBackend; readonly to: ChosenBackend; readonly reason: string };
  /** The machine is too slow for all of the work, or has room for more again. */
  "quality-changed": QualityChange;
  /** Something that needs attention but stops nothing. */
  warning: { readonly message: string; readonly error?: EchoError | undefined };
  /** A failure of the world. Recoverable: the agent goes on or tries again. Otherwise it has stopped. */
  error: { readonly error: EchoError };
  /** The camera sees the user otherwise: somebody came, left, is not alone, or it is too dark. */
  "user-view-changed": UserView;
  /** The user began to speak or fell silent, as far as the sound tells. */
  "user-voice-changed": { readonly speaking: boolean };
  /** A camera or a microphone gives nothing any more; the agent goes on without it. */
  "input-lost": { readonly input: "camera" | "microphone"; readonly error: EchoError };
  "input-restored": { readonly input: "camera" | "microphone" };
  /** The avatar shows another affect. */
  "affect-changed": { readonly text: string };
  /** The first sample is heard. */
  "utterance-started": { readonly id: string };
  "utterance-finished": { readonly id: string; readonly playedMs: number; readonly interrupted: boolean };
};
