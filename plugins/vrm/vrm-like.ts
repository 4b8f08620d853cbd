/** What the plugin needs of a bone's node; a three.js Object3D is one. */
export interface NodeLike {
  readonly quaternion: {
    readonly x: number;
    readonly y: number;
    readonly z: number;
    readonly w: number;
    set(x: number, y: number, z: number, w: number): unknown;
  };
}

/** What the plugin needs of an expression. */
export interface ExpressionLike {
  /** What the expression moves; empty when the model leaves it as a name only. */
  readonly binds?: readonly unknown[];
}

/** What the plugin needs of an avatar; the `VRM` of @pixiv/three-vrm 2 or 3 is one. The three.js and three-vrm packages stay yours. */
export interface VrmLike {
  /** `metaVersion` is "0" for VRM 0, whose avatars face -z, and "1" for VRM 1. */
  readonly meta?: { readonly metaVersion?: string };
  readonly expressionManager?: {
    readonly expressionMap: Readonly<Record<string, ExpressionLike>>;
    setValue(name: string, weight: number): void;
  };
  readonly humanoid?: { getNormalizedBoneNode(name: "head" | "neck"): NodeLike | null };
  /** Angles in degrees: yaw positive to the avatar's left, pitch positive down. */
  readonly lookAt?: { yaw: number; pitch: number; autoUpdate: boolean };
}
