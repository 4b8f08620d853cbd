/**
 * The 52 ARKit face coefficients in the order in which Apple lists them (ARFaceAnchor.BlendShapeLocation). "Left" and
 * "right" are the avatar's own; each runs from 0 (neutral) to 1 (full movement). The same list as training/data/arkit.py.
 */
// biome-ignore format: grouped by the part of the face
export const ARKIT_BLENDSHAPES = [
  "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft", "eyeWideLeft",
  "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight",
  "jawForward", "jawLeft", "jawRight", "jawOpen",
  "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight",
  "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
  "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
  "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
  "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
  "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
] as const;

/** One name of {@link ARKIT_BLENDSHAPES}. */
export type ArkitBlendshape = (typeof ARKIT_BLENDSHAPES)[number];

/** Name -> place in {@link ARKIT_BLENDSHAPES}. */
export const ARKIT_INDEX = Object.freeze(
  Object.fromEntries(ARKIT_BLENDSHAPES.map((name, index) => [name, index])),
) as Readonly<Record<ArkitBlendshape, number>>;
