/** Babylon.js: a head as a texture, as the motion of your own rigged head, and as a voice with a place. Import from "echo-head/babylon". */
export { EchoHeadBehavior, type EchoHeadBehaviorOptions, type FaceFrame } from "./echo-head-behavior.js";
export {
  type AlphaMode,
  EchoHeadTexture,
  type EchoHeadTextureOptions,
  type EchoHeadTextureStats,
  type HeadFrame,
} from "./echo-head-texture.js";
export { createHeadBillboard, type HeadBillboardOptions } from "./head-billboard.js";
export { createHeadPlane, type HeadPlaneOptions } from "./head-plane.js";
export type { Joint } from "./head-rig.js";
export { createHeadVoice, type HeadVoice, type HeadVoiceOptions } from "./head-voice.js";
export { lendDevice } from "./lend-device.js";
