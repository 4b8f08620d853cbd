/** What the ARKit shapes do to the skin of the sample avatar. */
import { hill, smooth } from "./part.mjs";
import { CORNER, MOUTH } from "./skull.mjs";

export const SIDES = /** @type {const} */ (["Left", "Right"]);

/** 1 in the middle of the mouth, 0 at its corners: how far a lip goes when the jaw opens. */
function arch(x) {
  return Math.max(0, 1 - (x / (CORNER[0] + 0.002)) ** 2) ** 0.8;
}

/**
 * What each shape does to a point of the face. `lower` and `upper` tell how much it belongs to a lip side, `lip` how close to the lips.
 * @type {Record<string, (p: number[], at: { lower: number, upper: number, lip: number }) => number[]>}
 */
export const FACE_SHAPES = {
  jawOpen: ([x, y, z], { lower, upper, lip }) => {
    // The chin goes down as a whole, the lip most in its middle.
    const jaw = lower * (hill(x, 0.085) * (1 - lip) + arch(x) * lip) * smooth(0.03, -0.02, y) * smooth(0, 0.05, z);
    return [x * (1 - 0.12 * lip), y - 0.032 * jaw + 0.004 * upper * lip * arch(x), z - 0.01 * jaw];
  },
  mouthClose: ([x, y, z], { lower, upper, lip }) => [
    x * (1 + 0.12 * lip),
    y + lip * arch(x) * (0.03 * lower - 0.006 * upper),
    z + 0.008 * lip * lower,
  ],
  jawForward: ([x, y, z], { lower }) => [x, y, z + 0.009 * lower * hill(x, 0.08) * smooth(0, 0.05, z)],
  ...sided("jaw", (sign) => ([x, y, z], { lower }) => [
    x + sign * 0.012 * lower * hill(x, 0.09) * smooth(0, 0.05, z),
    y,
    z,
  ]),
  ...sided("mouth", (sign) => ([x, y, z], { lip }) => [x + sign * 0.015 * lip, y, z - 0.003 * lip * Math.abs(x) * 20]),
  mouthFunnel: ([x, y, z], { lip, lower, upper }) => [
    x * (1 - 0.34 * lip),
    y + 0.0075 * lip * (upper - lower),
    z + 0.011 * lip,
  ],
  mouthPucker: ([x, y, z], { lip }) => [x * (1 - 0.5 * lip), y + (MOUTH[1] - y) * 0.08 * lip, z + 0.014 * lip],
  mouthRollLower: ([x, y, z], { lip, lower }) => [x, y + 0.005 * lip * lower, z - 0.007 * lip * lower],
  mouthRollUpper: ([x, y, z], { lip, upper }) => [x, y - 0.004 * lip * upper, z - 0.007 * lip * upper],
  mouthShrugLower: ([x, y, z], { lip, lower }) => [x, y + 0.006 * lip * lower, z + 0.004 * lip * lower],
  mouthShrugUpper: ([x, y, z], { lip, upper }) => [x, y + 0.006 * lip * upper, z + 0.003 * lip * upper],
  cheekPuff: ([x, y, z]) => {
    const cheek = hill(Math.abs(x) - 0.06, 0.03) * hill(y + 0.045, 0.035) * smooth(0, 0.04, z);
    return [x + Math.sign(x) * 0.013 * cheek, y, z + 0.012 * cheek];
  },
};
for (const [name, [dx, dy, dz], width] of [
  ["mouthSmile", [0.012, 0.015, -0.006], 0.026],
  ["mouthFrown", [0.003, -0.014, -0.002], 0.024],
  ["mouthDimple", [0.009, 0.002, -0.006], 0.018],
  ["mouthStretch", [0.014, -0.005, -0.005], 0.024],
]) {
  for (const side of SIDES) {
    const sign = side === "Left" ? 1 : -1;
    FACE_SHAPES[name + side] = ([x, y, z]) => {
      const share = hill(Math.hypot(sign * x - CORNER[0], y - CORNER[1]), width) * smooth(0, 0.04, z);
      return [x + sign * dx * share, y + dy * share, z + dz * share];
    };
  }
}
for (const side of SIDES) {
  const sign = side === "Left" ? 1 : -1;
  const half = (x) => smooth(-0.012, 0.012, sign * x);
  FACE_SHAPES[`mouthPress${side}`] = ([x, y, z], { lip, lower, upper }) => [
    x,
    y + 0.003 * lip * half(x) * (lower - upper),
    z - 0.003 * lip * half(x),
  ];
  FACE_SHAPES[`mouthLowerDown${side}`] = ([x, y, z], { lip, lower }) => [
    x,
    y - 0.011 * lip * lower * half(x) * hill(x, 0.03),
    z,
  ];
  FACE_SHAPES[`mouthUpperUp${side}`] = ([x, y, z], { lip, upper }) => [
    x,
    y + 0.009 * lip * upper * half(x) * hill(x, 0.03),
    z,
  ];
  FACE_SHAPES[`cheekSquint${side}`] = ([x, y, z]) => {
    const cheek = hill(Math.hypot(sign * x - 0.052, y + 0.022), 0.026) * smooth(0, 0.04, z);
    return [x, y + 0.006 * cheek, z + 0.005 * cheek];
  };
  FACE_SHAPES[`noseSneer${side}`] = ([x, y, z]) => {
    const wing = hill(Math.hypot(sign * x - 0.014, y + 0.018), 0.016) * smooth(0, 0.05, z);
    return [x, y + 0.006 * wing, z];
  };
}

/** A shape for each side. `move` gets 1 for the left and -1 for the right. */
export function sided(name, move) {
  return { [`${name}Left`]: move(1), [`${name}Right`]: move(-1) };
}
