/** Live Link Face (Unreal Engine) and iFacialMocap: a head's face as those phone apps send it. Import from "echo-head/live-link" (Node). */
export type { Face, FaceFrame } from "../face/face-frame.js";
export type { UdpStats } from "../face/udp-sender.js";
export { encodeIFacialMocap, IFACIALMOCAP_HELLO, type IFacialMocapVersion } from "./ifacialmocap.js";
export { IFacialMocapSender, type IFacialMocapSenderOptions } from "./ifacialmocap-sender.js";
export { encodeLiveLinkFace, type LiveLinkFaceHeader, timeCode } from "./live-link-face.js";
export { LiveLinkFaceSender, type LiveLinkFaceSenderOptions } from "./live-link-face-sender.js";
