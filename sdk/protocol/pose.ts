/** Where the head is. Angles in radians, seen from the avatar; positions in head heights from the rest place. */
export type HeadPose = {
  /** Positive to the avatar's left. */
  readonly yawRad: number;
  /** Positive up. */
  readonly pitchRad: number;
  /** Positive to the avatar's left shoulder. */
  readonly rollRad: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
};

/** The order of a pose in a tensor of 6. */
export const POSE_FIELDS = [
  "yawRad",
  "pitchRad",
  "rollRad",
  "x",
  "y",
  "z",
] as const satisfies readonly (keyof HeadPose)[];

/** One face as the model takes it: a sample that is held until the next one, at most 0.5 s. */
export type FaceSample = {
  /** Seconds from the start of the user's input. */
  readonly timeS: number;
  /** 52 coefficients in ARKit order, 0..1. */
  readonly blendshapes: Float32Array;
  /** 6 numbers in the order of {@link POSE_FIELDS}. */
  readonly pose: Float32Array;
};
