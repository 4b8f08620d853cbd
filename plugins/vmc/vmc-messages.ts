import { ARKIT_BLENDSHAPES } from "echo-head";
import type { Face } from "../face/face-frame.js";
import { gazeOf } from "../face/gaze.js";
import { turnForUnity } from "../face/turn.js";
import { presetsOf, VRM_PRESETS, type VrmPreset } from "../face/vrm-presets.js";

/** Which generation's names are sent. VRM 0 names are what every receiver must understand (VMC specification 3.1). */
export type VmcNames = "vrm0" | "vrm1";

/** Which expressions are sent: the 52 of Perfect Sync, the presets, or both (only where the receiver's avatar has one of the two). */
export type VmcExpressions = "perfect-sync" | "presets" | "both";

/** Who listens. A performer merges the face with a body from elsewhere, a marionette shows what it gets. */
export type VmcReceiver = "performer" | "marionette";

/** The bones that a face moves, by Unity's names, and where they sit in their parents, in metres: x to the avatar's right, y up, z forward. */
export type VmcRestPositions = Readonly<
  Record<"Neck" | "Head" | "LeftEye" | "RightEye", readonly [number, number, number]>
>;

/** One OSC message. Every number is sent as a float unless it is marked as an integer. */
export type VmcMessage = {
  readonly address: string;
  readonly args: readonly (string | number | { readonly int: number })[];
};

/** What {@link vmcMessages} needs beside the face. */
export type VmcMessageOptions = {
  readonly receiver: VmcReceiver;
  readonly names: VmcNames;
  readonly expressions: VmcExpressions;
  readonly moods: number;
  readonly bones: VmcRestPositions | false;
  readonly neckShare: number;
};

/** VRM 1 preset -> VRM 0 preset, from the VMC specification. VRM 0 has no surprise; avatars that do call it "Surprised". */
// biome-ignore format: one line a group
const VRM0_PRESETS: Readonly<Record<VrmPreset, string>> = {
  aa: "A", ih: "I", ou: "U", ee: "E", oh: "O",
  blinkLeft: "Blink_L", blinkRight: "Blink_R",
  happy: "Joy", angry: "Angry", sad: "Sorrow", surprised: "Surprised",
};

/** How far ahead of the head the point lies that the eyes look at, in metres. */
const LOOK_DISTANCE_M = 1;

/** The messages of one frame, in the order in which they are sent: state, time, bones, eyes, expressions, and last "apply". */
export function vmcMessages(face: Face, timeS: number, options: VmcMessageOptions): VmcMessage[] {
  return [
    { address: "/VMC/Ext/OK", args: [{ int: 1 }, { int: 3 }, { int: 0 }, { int: 1 }] }, // loaded, calibrated, normal mode, tracked
    { address: "/VMC/Ext/T", args: [timeS] },
    ...boneMessages(face, options),
    ...expressionMessages(face.blendshapes, options),
    { address: "/VMC/Ext/Blend/Apply", args: [] },
  ];
}

function boneMessages({ pose, blendshapes }: Face, { bones, neckShare, receiver }: VmcMessageOptions): VmcMessage[] {
  if (bones === false) return [];
  const bone = (name: keyof VmcRestPositions, yawRad: number, pitchRad: number, rollRad: number): VmcMessage => ({
    address: "/VMC/Ext/Bone/Pos",
    args: [name, ...bones[name], ...turnForUnity({ yawRad, pitchRad, rollRad })],
  });
  const { left, right, mean } = gazeOf(blendshapes);
  const head = (["Neck", "Head"] as const).map((name) => {
    const share = name === "Neck" ? neckShare : 1 - neckShare;
    return bone(name, pose.yawRad * share, pose.pitchRad * share, pose.rollRad * share);
  });
  if (receiver === "marionette")
    return [...head, bone("LeftEye", left.yawRad, left.pitchRad, 0), bone("RightEye", right.yawRad, right.pitchRad, 0)];
  // A performer turns the eyes itself, towards a point relative to the head (since version 2.8).
  const level = LOOK_DISTANCE_M * Math.cos(mean.pitchRad);
  const point = [
    -Math.sin(mean.yawRad) * level,
    Math.sin(mean.pitchRad) * LOOK_DISTANCE_M,
    Math.cos(mean.yawRad) * level,
  ];
  return [...head, { address: "/VMC/Ext/Set/Eye", args: [{ int: 1 }, ...point] }];
}

function expressionMessages(blendshapes: Float32Array, { expressions, names, moods }: VmcMessageOptions): VmcMessage[] {
  const value = (name: string, weight: number): VmcMessage => ({ address: "/VMC/Ext/Blend/Val", args: [name, weight] });
  const messages: VmcMessage[] = [];
  if (expressions !== "presets") {
    // Avatars of VRM 0 name their Perfect Sync clips as Unity does: BrowDownLeft.
    for (const [i, name] of ARKIT_BLENDSHAPES.entries())
      messages.push(value(names === "vrm0" ? name[0]!.toUpperCase() + name.slice(1) : name, blendshapes[i]!));
  }
  if (expressions !== "perfect-sync") {
    const weights = presetsOf(blendshapes, moods);
    for (const preset of VRM_PRESETS)
      messages.push(value(names === "vrm0" ? VRM0_PRESETS[preset] : preset, weights[preset]));
  }
  return messages;
}
