/** Babylon.js: the frames of a head as a texture, and a plane to show it on. Import from "echo-head/babylon". */
export {
  type AlphaMode,
  EchoHeadTexture,
  type EchoHeadTextureOptions,
  type EchoHeadTextureStats,
  type HeadFrame,
} from "./echo-head-texture.js";
export { createHeadPlane, type HeadPlaneOptions } from "./head-plane.js";
