/** A face as a caller hands it in: coefficients by name, so that nobody depends on an order. */
export type FaceRecord = {
  /** When the face was seen, in milliseconds on the agent's clock. @default the moment it is handed in */
  readonly timestampMs?: number;
  /** ARKit coefficients by name, 0..1; names that are absent are 0. */
  readonly blendshapes: Readonly<Record<string, number>>;
  /** Angles in radians, places in head heights. @default all 0 */
  readonly pose?: {
    readonly yaw: number;
    readonly pitch: number;
    readonly roll: number;
    readonly x?: number;
    readonly y?: number;
    readonly z?: number;
  };
};

/** The faces of one block, as the visual encoder takes them. */
export type FaceBlock = {
  /** f32 [frames * 58]: 52 ARKit coefficients, then yaw, pitch, roll (rad), x, y, z (head heights); 0 where nobody is seen. */
  readonly face: Float32Array;
  /** f32 [frames]: 1 where a face is seen, else 0. */
  readonly presence: Float32Array;
};
