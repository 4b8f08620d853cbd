/** A turn as x, y, z, w. */
export type Quaternion = readonly [number, number, number, number];

/** Angles as in a HeadPose: yaw positive to the avatar's left, pitch positive up, roll positive to its left shoulder. */
export type TurnAngles = { readonly yawRad: number; readonly pitchRad: number; readonly rollRad: number };

/**
 * A head turn for someone who faces +z with y up and the left hand at +x (glTF, VRM 1, three.js; right-handed).
 * The head rolls first, then nods, then turns, as the renders that the model learned from.
 */
export function turnQuaternion({ yawRad, pitchRad, rollRad }: TurnAngles): Quaternion {
  const [x, y, z] = [-pitchRad / 2, yawRad / 2, -rollRad / 2];
  const [cx, sx, cy, sy, cz, sz] = [Math.cos(x), Math.sin(x), Math.cos(y), Math.sin(y), Math.cos(z), Math.sin(z)];
  // q = qy * qx * qz: Euler order YXZ
  return [
    cy * sx * cz + sy * cx * sz,
    sy * cx * cz - cy * sx * sz,
    cy * cx * sz - sy * sx * cz,
    cy * cx * cz + sy * sx * sz,
  ];
}

/** The same turn for Unity, which is left-handed: facing +z, the left hand is at -x. A reflection of x. */
export function turnForUnity(angles: TurnAngles): Quaternion {
  const [x, y, z, w] = turnQuaternion(angles);
  return [x, -y, -z, w];
}

/** The product a * b: first b, then a. */
export function multiply([ax, ay, az, aw]: Quaternion, [bx, by, bz, bw]: Quaternion): Quaternion {
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}

/** Radians to degrees. */
export function degrees(rad: number): number {
  return (rad * 180) / Math.PI;
}
