/** VTube Studio: a head's face as tracking parameters of a Live2D model. Import from "echo-head/vtube-studio". */
export type { Face, FaceFrame } from "../face/face-frame.js";
export {
  type CustomParameter,
  customParameters,
  customValues,
  defaultValues,
  type ParameterValue,
} from "./parameters.js";
export {
  type TokenStore,
  type VTubeStudioParameters,
  VTubeStudioSender,
  type VTubeStudioSenderOptions,
  type VTubeStudioState,
} from "./vtube-studio-sender.js";
export type { SocketFactory, SocketLike } from "./web-socket.js";
