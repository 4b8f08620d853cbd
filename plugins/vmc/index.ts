/** VMC protocol: a head's face as OSC over UDP, for VSeeFace, Warudo, VNyan and their like. Import from "echo-head/vmc" (Node). */
export type { Face, FaceFrame } from "../face/face-frame.js";
export { bundlesOf, MAX_PACKET_BYTES } from "./osc-bundles.js";
export {
  type VmcExpressions,
  type VmcMessage,
  type VmcMessageOptions,
  type VmcNames,
  type VmcReceiver,
  type VmcRestPositions,
  vmcMessages,
} from "./vmc-messages.js";
export { VmcSender, type VmcSenderOptions } from "./vmc-sender.js";
