/** One of MediaPipe's landmarks: x and y in parts of the picture's width and height, z in parts of its width, nearer is less. */
export type Landmark = { readonly x: number; readonly y: number; readonly z: number };

/** Lengths in distances between the outer corners of the eyes, in the head's own axes; angles as in the SDK. */
export type FaceMeasures = {
  readonly mouthGap: number;
  readonly mouthWidth: number;
  /** How far each corner of the mouth is from the middle, and how high it is under the eyes. */
  readonly cornerOutLeft: number;
  readonly cornerOutRight: number;
  readonly cornerHeightLeft: number;
  readonly cornerHeightRight: number;
  /** Height of the opening over the width of the eye. */
  readonly eyeOpenLeft: number;
  readonly eyeOpenRight: number;
  /** Where the irises are, in widths of an eye: positive to the person's left, and up. */
  readonly lookX: number;
  readonly lookY: number;
  readonly browInner: number;
  readonly browOuterLeft: number;
  readonly browOuterRight: number;
  /** How far the lips stand out before the nose. */
  readonly lipsForward: number;
  readonly yawRad: number;
  readonly pitchRad: number;
  readonly rollRad: number;
  /** Between the eyes, in heights of the picture from its middle: x to the person's left, y up. */
  readonly placeX: number;
  readonly placeY: number;
  /** Distance between the outer eye corners in heights of the picture, whichever way the head is turned. */
  readonly size: number;
};

type Vector = readonly [number, number, number];

const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const scale = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];
const unit = (a: Vector): Vector => scale(a, 1 / Math.max(1e-9, Math.sqrt(dot(a, a))));
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const between = (a: Vector, b: Vector): Vector => scale([a[0] + b[0], a[1] + b[1], a[2] + b[2]], 0.5);

/**
 * Measures a face in its own axes, so that turning the head changes the pose and little else.
 * @param landmarks 478 of MediaPipe's face mesh with irises, of a picture that is not mirrored
 * @param aspect width over height of the picture
 */
export function measureFace(landmarks: readonly Landmark[], aspect: number): FaceMeasures {
  // x to the person's left (the picture's right), y up, z towards the camera.
  const raw = (index: number): Vector => {
    const { x, y, z } = landmarks[index]!;
    return [x * aspect, -y, -z * aspect];
  };
  const eyes = between(raw(33), raw(263)); // outer corners: 33 right, 263 left
  const across = subtract(raw(263), raw(33));
  const xAxis = unit(across);
  const rise = subtract(raw(10), eyes); // 10: top of the forehead
  const yAxis = unit(subtract(rise, scale(xAxis, dot(rise, xAxis))));
  const zAxis = cross(xAxis, yAxis);
  const size = Math.max(1e-9, Math.sqrt(dot(across, across)));
  const at = (index: number): Vector => {
    const p = scale(subtract(raw(index), eyes), 1 / size);
    return [dot(p, xAxis), dot(p, yAxis), dot(p, zAxis)];
  };
  const distance = (a: number, b: number): number => {
    const d = subtract(at(a), at(b));
    return Math.sqrt(dot(d, d));
  };
  const openness = (lids: readonly (readonly [number, number])[], corners: readonly [number, number]): number =>
    lids.reduce((sum, [a, b]) => sum + distance(a, b), 0) / lids.length / Math.max(1e-9, distance(...corners));
  const iris = (middle: number, [a, b]: readonly [number, number]): Vector =>
    scale(subtract(at(middle), between(at(a), at(b))), 1 / Math.max(1e-9, distance(a, b)));
  const look = between(iris(473, [362, 263]), iris(468, [33, 133]));
  return {
    mouthGap: distance(13, 14),
    mouthWidth: distance(61, 291),
    cornerOutLeft: at(291)[0],
    cornerOutRight: -at(61)[0],
    cornerHeightLeft: at(291)[1],
    cornerHeightRight: at(61)[1],
    eyeOpenLeft: openness(
      [
        [386, 374],
        [385, 380],
        [387, 373],
      ],
      [362, 263],
    ),
    eyeOpenRight: openness(
      [
        [159, 145],
        [158, 153],
        [160, 144],
      ],
      [33, 133],
    ),
    lookX: look[0],
    lookY: look[1],
    browInner: (at(55)[1] + at(285)[1]) / 2,
    browOuterLeft: at(276)[1],
    browOuterRight: at(46)[1],
    lipsForward: at(13)[2] - at(2)[2],
    yawRad: Math.atan2(zAxis[0], zAxis[2]),
    pitchRad: Math.asin(Math.max(-1, Math.min(1, zAxis[1]))),
    rollRad: -Math.atan2(xAxis[1], xAxis[0]),
    placeX: eyes[0] - aspect / 2,
    placeY: eyes[1] + 0.5,
    size,
  };
}
