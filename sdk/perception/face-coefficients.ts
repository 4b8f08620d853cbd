import type { FaceMeasures } from "./face-measures.js";
import type { FaceRecord } from "./types.js";

/** What `agent.user.pushFace` takes. */
export type TrackedFace = {
  readonly blendshapes: Readonly<Record<string, number>>;
  readonly pose: NonNullable<Required<FaceRecord>["pose"]>;
};

/** Distance between the outer corners of the eyes over the height of a head, chin to crown (adults: 90 mm of 225 mm). */
const EYES_OF_HEAD = 0.4;
/** Heights of the picture from the lens to a picture plane of that height: a webcam sees about 45 degrees upwards. */
const FOCAL_LENGTH = 1.2;
/** People do not move farther than this without turning into another view, in head heights. */
const FARTHEST = 0.5;
/** Frames from which the face at rest is taken at first: a second. */
const FIRST_LOOK = 15;
/** How fast the face at rest follows after that, a frame: half a minute or so. */
const FOLLOW = 0.004;

const clip = (value: number): number => Math.min(1, Math.max(0, value));

/**
 * Turns measures of a face into ARKit coefficients, as differences from this person's face at rest, which it learns while
 * it looks. The slopes of jaw, smile, lids and pose were fitted to 157 renders of four heads with known coefficients
 * (correlation 0.81 jawOpen, 0.74 mouthSmile, 0.6 to 0.75 eyeBlink, 0.96 / 0.88 / 0.94 yaw, pitch, roll); brows and gaze are
 * set by hand. Coefficients that landmarks hardly show (cheeks, tongue, nose) are left at 0.
 */
export class FaceCoefficients {
  #rest: FaceMeasures | null = null;
  #seen = 0;

  /** Forgets whose face it was. */
  reset(): void {
    this.#rest = null;
    this.#seen = 0;
  }

  read(now: FaceMeasures): TrackedFace {
    const rest = this.#learn(now);
    const change = (key: keyof FaceMeasures): number => now[key] - rest[key];
    const smile = (side: "Left" | "Right"): number =>
      clip(6 * change(`cornerOut${side}`) + 2 * change(`cornerHeight${side}`));
    const frown = (side: "Left" | "Right"): number => clip(-5 * change(`cornerHeight${side}`) - 0.1);
    // A lid is shut when a third of its opening is left; landmarks never meet.
    const shut = (side: "Left" | "Right"): number => clip((1 - now[`eyeOpen${side}`] / rest[`eyeOpen${side}`]) / 0.65);
    const wide = (side: "Left" | "Right"): number => clip(4 * (now[`eyeOpen${side}`] / rest[`eyeOpen${side}`] - 1.08));
    const gap = Math.max(0, change("mouthGap"));
    const narrow = clip(-3 * change("mouthWidth") + 2 * change("lipsForward"));
    const browUp = clip(7 * change("browInner"));
    const browDown = clip(-9 * change("browInner"));
    const left = clip(4 * change("lookX"));
    const right = clip(-4 * change("lookX"));
    const up = clip(5 * change("lookY"));
    const down = clip(-5 * change("lookY"));
    const blendshapes: Record<string, number> = {
      jawOpen: clip(2.3 * gap),
      mouthPucker: gap < 0.05 ? narrow : 0,
      mouthFunnel: gap < 0.05 ? 0 : narrow,
      browInnerUp: browUp,
      browDownLeft: browDown,
      browDownRight: browDown,
      browOuterUpLeft: clip(7 * change("browOuterLeft")),
      browOuterUpRight: clip(7 * change("browOuterRight")),
      eyeLookOutLeft: left,
      eyeLookInRight: left,
      eyeLookInLeft: right,
      eyeLookOutRight: right,
    };
    for (const side of ["Left", "Right"] as const) {
      const smiling = smile(side);
      blendshapes[`mouthSmile${side}`] = smiling;
      blendshapes[`cheekSquint${side}`] = 0.6 * smiling;
      blendshapes[`mouthFrown${side}`] = smiling > 0.1 || gap > 0.08 ? 0 : frown(side);
      blendshapes[`mouthLowerDown${side}`] = clip(0.9 * gap);
      blendshapes[`eyeBlink${side}`] = shut(side);
      blendshapes[`eyeWide${side}`] = wide(side);
      blendshapes[`eyeLookUp${side}`] = up;
      blendshapes[`eyeLookDown${side}`] = down;
    }
    return { blendshapes, pose: poseOf(now, rest) };
  }

  /** As {@link FaceCoefficients.read}, with the coefficients of a detector that gives its own. */
  readWith(blendshapes: Readonly<Record<string, number>>, now: FaceMeasures): TrackedFace {
    return { blendshapes, pose: poseOf(now, this.#learn(now)) };
  }

  /** The mean of the first second, then a slow mean of moments that look like rest. */
  #learn(now: FaceMeasures): FaceMeasures {
    this.#seen += 1;
    const rest = this.#rest;
    const first = this.#seen <= FIRST_LOOK;
    const rate = first ? 1 / this.#seen : FOLLOW;
    if (!rest) this.#rest = now;
    else if (first || isCalm(now, rest)) {
      const keys = Object.keys(rest) as (keyof FaceMeasures)[];
      const mixed = keys.map((key) => [key, rest[key] + rate * (now[key] - rest[key])]);
      this.#rest = Object.fromEntries(mixed) as FaceMeasures;
    }
    return this.#rest ?? now;
  }
}

/** Angles as they are, but a head at rest looks straight up and down; places from the place at rest. */
function poseOf(now: FaceMeasures, rest: FaceMeasures): TrackedFace["pose"] {
  const near = (value: number): number => Math.min(FARTHEST, Math.max(-FARTHEST, value));
  const heads = EYES_OF_HEAD / rest.size; // head heights in a height of the picture
  return {
    yaw: 0.94 * now.yawRad,
    pitch: 0.86 * (now.pitchRad - rest.pitchRad),
    roll: 0.94 * now.rollRad,
    x: near((now.placeX - rest.placeX) * heads),
    y: near((now.placeY - rest.placeY) * heads),
    z: near(FOCAL_LENGTH * EYES_OF_HEAD * (1 / rest.size - 1 / now.size)), // distance = focal length * width / size
  };
}

/** Neither turned away, nor blinking, nor speaking. */
function isCalm(now: FaceMeasures, rest: FaceMeasures): boolean {
  return (
    Math.abs(now.yawRad) < 0.35 &&
    Math.abs(now.pitchRad - rest.pitchRad) < 0.3 &&
    now.eyeOpenLeft > 0.75 * rest.eyeOpenLeft &&
    now.mouthGap < rest.mouthGap + 0.06
  );
}
