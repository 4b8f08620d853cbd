import type { EchoFrame } from "../frame/echo-frame.js";
import type { Pack } from "../pack/pack.js";
import type { BackendName } from "../protocol/backend.js";
import type { DialogueTurn } from "../protocol/dialogue.js";
import type { FaceSample } from "../protocol/pose.js";

export type RenderSummary = {
  readonly frames: number;
  readonly fps: number;
  readonly realTimeFactor: number;
  readonly firstFrameMs: number;
  readonly blockMs: { readonly p50: number; readonly p95: number };
  readonly stages: Readonly<Record<string, { readonly p50: number; readonly p95: number }>>;
  readonly backend: string;
  readonly packHash: string;
};

/** The offline renderer. */
export type RenderFrames = (options: {
  pack: Pack;
  avatar?: string | undefined;
  backend?: BackendName | undefined;
  avatarAudio?: AsyncIterable<Float32Array> | undefined;
  userAudio?: AsyncIterable<Float32Array> | undefined;
  userFace?: readonly FaceSample[] | undefined;
  dialogue?: readonly DialogueTurn[] | undefined;
  frameCount?: number | undefined;
  signal?: AbortSignal | undefined;
}) => AsyncGenerator<EchoFrame, RenderSummary>;
