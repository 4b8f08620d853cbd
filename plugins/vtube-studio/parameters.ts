import { ARKIT_BLENDSHAPES } from "echo-head";
import { coefficient, type Face, meanOf } from "../face/face-frame.js";
import { FULL_GAZE, gazeOf } from "../face/gaze.js";
import { degrees } from "../face/turn.js";

/** One value for VTube Studio. */
export type ParameterValue = { readonly id: string; readonly value: number };

/** A parameter that the plugin adds to VTube Studio: between `min` and `max` by default, 0 at rest. */
export type CustomParameter = {
  readonly parameterName: string;
  readonly explanation: string;
  readonly min: number;
  readonly max: number;
  readonly defaultValue: number;
};

/** What begins every parameter that the plugin adds, so that it meets no other plugin's. */
const PREFIX = "Echo";

/** How much a head of 0.23 m moves in VTube Studio's units of a tracked head (-10..10, about centimetres) for one head height. */
const UNITS_PER_HEAD = 23;

/** The 52 coefficients as parameters of VTube Studio: EchoJawOpen and so on, 0..1. At most 32 letters, and 52 of the 100 that a plugin may add. */
export function customParameters(): CustomParameter[] {
  return ARKIT_BLENDSHAPES.map((name) => ({
    parameterName: customName(name),
    explanation: `ARKit ${name} of the echo-head avatar, 0 to 1.`,
    min: 0,
    max: 1,
    defaultValue: 0,
  }));
}

/** The values of {@link customParameters} for a face. */
export function customValues({ blendshapes }: Face): ParameterValue[] {
  return ARKIT_BLENDSHAPES.map((name, i) => ({ id: customName(name), value: blendshapes[i]! }));
}

/**
 * A face as the parameters that VTube Studio has of its own, which every model's default mapping reads. Angles are the avatar's in
 * degrees: X positive to its left as one sees it on the screen to the right, Y up, Z to its left shoulder.
 */
export function defaultValues({ blendshapes, pose }: Face): ParameterValue[] {
  const at = (name: Parameters<typeof coefficient>[1]) => coefficient(blendshapes, name);
  const gaze = gazeOf(blendshapes);
  // 0.8 is an eye at rest, 1 a widened one.
  const openness = (side: "Left" | "Right") =>
    clamp(0.8 * (1 - at(`eyeBlink${side}`)) * (1 - at(`eyeSquint${side}`) / 2) + 0.2 * at(`eyeWide${side}`), 0, 1);
  const brow = (side: "Left" | "Right") =>
    clamp(0.5 + (at(`browOuterUp${side}`) + at("browInnerUp")) / 4 - at(`browDown${side}`) / 2, 0, 1);
  const smile = meanOf(blendshapes, "mouthSmile") - meanOf(blendshapes, "mouthFrown");
  const mouthOpen = clamp(at("jawOpen") - at("mouthClose"), 0, 1);
  const values: Record<string, number> = {
    FaceAngleX: degrees(pose.yawRad),
    FaceAngleY: degrees(pose.pitchRad),
    FaceAngleZ: degrees(pose.rollRad),
    FacePositionX: pose.x * UNITS_PER_HEAD,
    FacePositionY: pose.y * UNITS_PER_HEAD,
    FacePositionZ: pose.z * UNITS_PER_HEAD,
    MouthOpen: mouthOpen,
    MouthSmile: clamp(0.5 + smile / 2 - (at("mouthPucker") + at("mouthFunnel")) / 4, 0, 1), // 0.5 is a mouth at rest
    MouthX: at("mouthLeft") - at("mouthRight"),
    EyeOpenLeft: openness("Left"),
    EyeOpenRight: openness("Right"),
    EyeLeftX: gaze.left.yawRad / FULL_GAZE.yawRad,
    EyeLeftY: gaze.left.pitchRad / FULL_GAZE.pitchRad,
    EyeRightX: gaze.right.yawRad / FULL_GAZE.yawRad,
    EyeRightY: gaze.right.pitchRad / FULL_GAZE.pitchRad,
    BrowLeftY: brow("Left"),
    BrowRightY: brow("Right"),
    Brows: (brow("Left") + brow("Right")) / 2,
    CheekPuff: at("cheekPuff"),
    TongueOut: at("tongueOut"),
    VoiceVolumePlusMouthOpen: mouthOpen,
    VoiceFrequencyPlusMouthSmile: clamp(0.5 + smile / 2, 0, 1),
  };
  return Object.entries(values).map(([id, value]) => ({ id, value }));
}

function customName(name: string): string {
  return PREFIX + name[0]!.toUpperCase() + name.slice(1);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
