import type { Face } from "../face/face-frame.js";
import { gazeOf } from "../face/gaze.js";

/** What is in a packet beside the face. */
export type LiveLinkFaceHeader = {
  /** Tells devices apart: 36 characters, as crypto.randomUUID() gives them. */
  readonly deviceId: string;
  /** The subject's name in Unreal. */
  readonly subject: string;
  /** Time code: frames since midnight, and the part of a frame after it, 0..1. */
  readonly frameNumber: number;
  readonly subFrame: number;
  /** Frames a second of the time code. */
  readonly fps: number;
};

/** The version of the packet that Live Link Face 1.x sends. */
const PACKET_VERSION = 6;
/** 52 coefficients, then yaw, pitch and roll of the head, the left and the right eye. */
const VALUES = 61;

/**
 * One face as a packet of the Live Link Face app, which Unreal's "Apple ARKit" Live Link source reads on port 11111:
 *
 *     int32 LE version | "$" + 36 bytes id | int32 name length, name | int32 frame | float32 sub-frame | int32 fps | int32 1 | uint8 61 | 61 float32
 *
 * All but the version is big-endian. Layout: PyLiveLinkFace. Angles are in radians as ARKit has them: yaw positive to the face's
 * left, pitch positive DOWN, roll positive to its left shoulder. Throws a `TypeError` when the id has not 36 bytes.
 */
export function encodeLiveLinkFace({ blendshapes, pose }: Face, header: LiveLinkFaceHeader): Uint8Array {
  const text = new TextEncoder();
  const [id, name] = [text.encode(`$${header.deviceId}`), text.encode(header.subject)];
  if (id.length !== 37) throw new TypeError(`header.deviceId must have 36 bytes, not ${id.length - 1}`);
  const bytes = new Uint8Array(4 + id.length + 4 + name.length + 16 + 1 + VALUES * 4);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const int = (value: number, littleEndian = false) => {
    view.setInt32(at, value, littleEndian);
    at += 4;
  };
  const float = (value: number) => {
    view.setFloat32(at, value);
    at += 4;
  };
  const raw = (part: Uint8Array) => {
    bytes.set(part, at);
    at += part.length;
  };
  int(PACKET_VERSION, true);
  raw(id);
  int(name.length);
  raw(name);
  int(header.frameNumber);
  float(header.subFrame);
  int(header.fps);
  int(1); // the denominator of the rate
  raw(Uint8Array.of(VALUES));
  for (const value of blendshapes) float(value); // ARKIT_BLENDSHAPES is in the order of the packet
  for (const value of [pose.yawRad, -pose.pitchRad, pose.rollRad]) float(value);
  const { left, right } = gazeOf(blendshapes);
  for (const eye of [left, right]) for (const value of [eye.yawRad, -eye.pitchRad, 0]) float(value);
  return bytes;
}

/** Time code of a moment: frames since midnight of its own day. */
export function timeCode(now: Date, fps: number): { frameNumber: number; subFrame: number } {
  const seconds = now.getHours() * 3_600 + now.getMinutes() * 60 + now.getSeconds() + now.getMilliseconds() / 1_000;
  const frames = seconds * fps;
  return { frameNumber: Math.floor(frames), subFrame: frames % 1 };
}
