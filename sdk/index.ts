// The public names of the package. What is not listed here is not part of it.

// A head, offline
export { renderFrames } from "./render.js";
export type { ModelSwitches, Percentiles, RenderOptions, RenderSummary } from "./render/types.js";

// What comes out
export { EchoFrame, type FrameState } from "./frame/echo-frame.js";
export { ARKIT_BLENDSHAPES, type ArkitBlendshape } from "./protocol/arkit.js";
export type { FaceSample, HeadPose } from "./protocol/pose.js";

// What is said, and what it does to the face
export type { AffectReasoner, DialogueTurn } from "./protocol/dialogue.js";
export { OfflineReasoner } from "./lcu/offline-reasoner.js";

// Model packs
export { type LoadPackOptions, loadPack } from "./pack/load-pack.js";
export type { Pack } from "./pack/pack.js";
export { type PackInfo, packInfo } from "./pack/pack-info.js";
export type { AvatarManifest, PackManifest } from "./pack/types.js";
export { type VerifiedGraph, type VerifyPackOptions, type VerifyReport, verifyPack } from "./pack/verify-pack.js";

// Where it runs
export type { AssetOptions, BackendName, BackendReport, ChosenBackend, PackSource } from "./protocol/backend.js";

// What can go wrong
export { EchoError, type ErrorCode, type ErrorEnvelope, type ErrorStage } from "./base/errors.js";
