/** VRM avatars of @pixiv/three-vrm, driven by a head's coefficients, pose and gaze. Import from "echo-head/vrm". */
export type { FaceFrame } from "../face/face-frame.js";
export { VrmDriver, type VrmDriverOptions, type VrmGaze } from "./vrm-driver.js";
export type { ExpressionLike, NodeLike, VrmLike } from "./vrm-like.js";
