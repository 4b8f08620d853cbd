import { ARKIT_BLENDSHAPES, type ArkitBlendshape, type HeadPose } from "echo-head";

/** What the face plugins need of a frame; every `EchoFrame` of the SDK is one. */
export interface FaceFrame {
  /** f32 [52], 0..1, in the order of ARKIT_BLENDSHAPES; valid until `close()`. */
  readonly blendshapes: Float32Array;
  /** Where the head is; see the SDK for units and signs. */
  readonly pose: HeadPose;
  /** Gives the frame back to its owner. */
  close(): void;
}

const PLACE = Object.fromEntries(ARKIT_BLENDSHAPES.map((name, index) => [name, index])) as Readonly<
  Record<ArkitBlendshape, number>
>;

/** One coefficient by its name, 0..1. */
export function coefficient(blendshapes: Float32Array, name: ArkitBlendshape): number {
  return blendshapes[PLACE[name]] ?? 0;
}

/** The mean of a coefficient that comes in a left and a right, by its name without the side. */
export function meanOf(blendshapes: Float32Array, name: PairedName): number {
  return (coefficient(blendshapes, `${name}Left`) + coefficient(blendshapes, `${name}Right`)) / 2;
}

/** Coefficients that come in a left and a right, named without the side. */
export type PairedName = WithoutSide<ArkitBlendshape>;
type WithoutSide<Name> = Name extends `${infer Base}Left`
  ? `${Base}Right` extends ArkitBlendshape
    ? Base
    : never
  : never;

/** A copy of a pose and its coefficients, to keep after the frame is closed. */
export type Face = { readonly blendshapes: Float32Array; readonly pose: HeadPose };

/**
 * Takes what is needed of a frame. Does not close it.
 * @throws TypeError when there are not 52 coefficients.
 */
export function copyFace(frame: FaceFrame): Face {
  const { blendshapes, pose } = frame;
  if (blendshapes.length !== ARKIT_BLENDSHAPES.length)
    throw new TypeError(`frame.blendshapes must have ${ARKIT_BLENDSHAPES.length} elements, not ${blendshapes.length}`);
  return { blendshapes: blendshapes.slice(), pose };
}
