import { coefficient } from "./face-frame.js";

/** How far a full `eyeLook…` coefficient turns an eye, in radians: 30 degrees sideways, 24 up and down, as in the heads the model was trained on. */
export const FULL_GAZE = { yawRad: (30 * Math.PI) / 180, pitchRad: (24 * Math.PI) / 180 } as const;

/** Where an eye looks, relative to the head, in radians: yaw positive to the avatar's left, pitch positive up. */
export type EyeTurn = { readonly yawRad: number; readonly pitchRad: number };

/** Where both eyes look, and the mean of the two. */
export type Gaze = { readonly left: EyeTurn; readonly right: EyeTurn; readonly mean: EyeTurn };

/** Reads the eight `eyeLook…` coefficients. In and Out are relative to the nose: out is left for the left eye only. */
export function gazeOf(blendshapes: Float32Array): Gaze {
  const turn = (side: "Left" | "Right", outIsLeft: 1 | -1): EyeTurn => {
    const out = coefficient(blendshapes, `eyeLookOut${side}`) - coefficient(blendshapes, `eyeLookIn${side}`);
    const up = coefficient(blendshapes, `eyeLookUp${side}`) - coefficient(blendshapes, `eyeLookDown${side}`);
    return { yawRad: outIsLeft * out * FULL_GAZE.yawRad, pitchRad: up * FULL_GAZE.pitchRad };
  };
  const left = turn("Left", 1);
  const right = turn("Right", -1);
  const mean = { yawRad: (left.yawRad + right.yawRad) / 2, pitchRad: (left.pitchRad + right.pitchRad) / 2 };
  return { left, right, mean };
}
