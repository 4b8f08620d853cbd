// The public names of the package. What is not listed here is not part of it.

export type { AgentEvents, AgentStats } from "./agent/agent-events.js";
export type { AgentOptions } from "./agent/agent-options.js";
export type { AgentState } from "./agent/agent-state.js";
export type { DialogueInput } from "./agent/dialogue-input.js";
export type { QualityChange, QualityLevel } from "./agent/quality-ladder.js";
export type { UserInput } from "./agent/user-input.js";
export type { SpeechAudio, Utterance, UtteranceResult } from "./agent/utterance.js";
// A head that lives: create it, give it a user, let it speak, pull its frames
export { EchoAgent } from "./agent.js";
// What can go wrong
export { EchoError, type ErrorCode, type ErrorEnvelope, type ErrorStage } from "./base/errors.js";
export type { Percentiles } from "./base/percentiles.js";
export { openMicrophone, readMicrophone } from "./capture/microphone.js";
export type { AudioChunk } from "./capture/types.js";
// What comes out, and the clock it comes by
export { copyPicture, type PictureCopy } from "./decoder/picture-copy.js";
export { EchoFrame, type FrameState } from "./frame/echo-frame.js";
export type { CaptureStreamOptions } from "./frame/frame-stream.js";
export { createSystemClock, type PlayoutClock, type ScheduledSpeech } from "./frame/playout-clock.js";
export { SpeechPlayer, type SpeechPlayerOptions } from "./frame/speech-player.js";
export type { ChatEndpointOptions } from "./lcu/endpoint/chat-endpoint.js";
export { EndpointReasoner, type EndpointReasonerOptions } from "./lcu/endpoint/endpoint-reasoner.js";
export { EndpointUnderstanding, type EndpointUnderstandingOptions } from "./lcu/endpoint/endpoint-understanding.js";
export type { PromptTemplate } from "./lcu/endpoint/fill-prompt.js";
export { OfflineReasoner } from "./lcu/offline-reasoner.js";
// Model packs
export { type LoadPackOptions, loadPack } from "./pack/load-pack.js";
export type { Pack } from "./pack/pack.js";
export { type PackInfo, packInfo } from "./pack/pack-info.js";
export type { AvatarManifest, PackManifest } from "./pack/types.js";
export { type VerifiedGraph, type VerifyPackOptions, type VerifyReport, verifyPack } from "./pack/verify-pack.js";
export type { FaceRecord } from "./perception/types.js";
export type { UserView, UserViewStatus } from "./perception/user-view.js";
export { VoiceActivity, type VoiceChange } from "./perception/voice-activity.js";
export { ARKIT_BLENDSHAPES, type ArkitBlendshape } from "./protocol/arkit.js";
// Where it runs
export type {
  AssetOptions,
  BackendName,
  BackendReport,
  ChosenBackend,
  LentDevice,
  PackSource,
  RemoteBackend,
} from "./protocol/backend.js";
// What is said, and what it does to the face
export type { AffectReasoner, BehaviourEvidence, BehaviourUnderstanding, DialogueTurn } from "./protocol/dialogue.js";
export type { FaceSample, HeadPose } from "./protocol/pose.js";
export type { FaceDetectorSource } from "./protocol/tracker-worker.js";
export type { ModelSwitches, RenderOptions, RenderSummary } from "./render/types.js";
// A head offline: as fast as the machine allows
export { renderFrames } from "./render.js";
