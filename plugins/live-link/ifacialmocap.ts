import { ARKIT_BLENDSHAPES } from "echo-head";
import type { Face } from "../face/face-frame.js";
import { gazeOf } from "../face/gaze.js";
import { degrees } from "../face/turn.js";

/** What a receiver sends to ask for faces; with "|sendDataVersion=v2" behind it for version 2. */
export const IFACIALMOCAP_HELLO = "iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719";

/** Version 1 writes "jawOpen-12", version 2 "jawOpen&12", because a minus sign and a hyphen look alike. */
export type IFacialMocapVersion = 1 | 2;

/** The height of a head in metres, chin to crown; positions are in head heights in the SDK and in metres here. */
const HEAD_HEIGHT_M = 0.23;

/**
 * One face as the text that the iFacialMocap app sends (UDP, port 49983): whole percents by name with _L and _R, then head and eyes in
 * degrees for Unity's Quaternion.Euler, then the head's position in metres. Exactly one "=" and a "|" at the end, as receivers want.
 *
 *     mouthSmile_R-12|…|tongueOut-0|=head#rx,ry,rz,px,py,pz|rightEye#rx,ry,rz|leftEye#rx,ry,rz|
 */
export function encodeIFacialMocap({ blendshapes, pose }: Face, version: IFacialMocapVersion): string {
  const between = version === 1 ? "-" : "&";
  const shapes = ARKIT_BLENDSHAPES.map((name, i) => `${shortName(name)}${between}${percent(blendshapes[i]!)}|`).join(
    "",
  );
  const { left, right } = gazeOf(blendshapes);
  // Unity: x right of the face, y up, z forward, left-handed. So up, left and left are -x, -y and +z.
  const turn = (yawRad: number, pitchRad: number, rollRad: number) =>
    [-degrees(pitchRad), -degrees(yawRad), degrees(rollRad)].map(decimal).join(",");
  const place = [-pose.x, pose.y, pose.z].map((value) => decimal(value * HEAD_HEIGHT_M)).join(",");
  const head = `${turn(pose.yawRad, pose.pitchRad, pose.rollRad)},${place}`;
  const [rightEye, leftEye] = [right, left].map(({ yawRad, pitchRad }) => turn(yawRad, pitchRad, 0));
  return `${shapes}=head#${head}|rightEye#${rightEye}|leftEye#${leftEye}|`;
}

/** eyeBlinkLeft -> eyeBlink_L; but mouthLeft and jawLeft are whole names. */
function shortName(name: string): string {
  if (/^(mouth|jaw)(Left|Right)$/.test(name)) return name;
  return name.replace(/Left$/, "_L").replace(/Right$/, "_R");
}

function percent(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 100);
}

function decimal(value: number): string {
  return String(Number(value.toFixed(6)) + 0); // + 0 turns -0 into 0
}
