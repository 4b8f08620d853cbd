/** The skull of the sample avatar, in metres around its middle, facing +z, its left at +x. */

/** Half of its width, height and depth. */
export const RADII = [0.1, 0.124, 0.108];
/** Where the middle of the mouth is: this far below the equator. */
const MOUTH_TILT = 0.5;
export const MOUTH_HALF_WIDTH = 0.27;
export const MOUTH_HALF_HEIGHT = 0.006;
/** How high a lip is, in radians on the head. */
export const LIP_HEIGHT = 0.105;

/** A point of the skin in this direction. */
export function skin([x, y, z]) {
  const scale = 1 / Math.hypot(x / RADII[0], y / RADII[1], z / RADII[2]);
  const point = [x * scale, y * scale, z * scale];
  const low = Math.min(0, point[1] / RADII[1]);
  const chin = 1 - 0.3 * low * low; // narrower towards the chin
  return [point[0] * chin, point[1], point[2] * (1 - 0.06 * low * low)];
}

/** A direction, u to the left and v up from the mouth, in radians. */
export function aroundMouth(u, v) {
  const theta = Math.hypot(u, v);
  const [sin, cos] = [theta > 1e-9 ? Math.sin(theta) / theta : 1, Math.cos(theta)];
  const [up, front] = [Math.cos(MOUTH_TILT), Math.sin(MOUTH_TILT)];
  return [u * sin, v * sin * up - cos * front, v * sin * front + cos * up];
}

/** The middle of the mouth, and its left corner. */
export const MOUTH = skin(aroundMouth(0, 0));
export const CORNER = skin(aroundMouth(MOUTH_HALF_WIDTH, 0));
