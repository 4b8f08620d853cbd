import { ARKIT_INDEX } from "../protocol/arkit.js";
import { FaceCoefficients } from "./face-coefficients.js";
import type { DetectedFace } from "./face-detector.js";
import { measureFace } from "./face-measures.js";
import { faceVectorOf } from "./face-vector.js";

/** A face that moved by less than so many of its own widths between two looks is taken for the same. */
const SAME_FACE = 0.8;
/** Looks without a face after which whoever comes is somebody new, who may look different at rest. */
const FORGET_AFTER = 30;

/**
 * Follows one face from picture to picture and reads it: f32 [58], 52 ARKit coefficients and the pose. Of several faces it stays with
 * the one it followed; when that is gone, the largest one is the user.
 */
export class FaceReader {
  readonly #coefficients = new FaceCoefficients();
  #last: { readonly x: number; readonly y: number; readonly width: number } | null = null;
  #missed = 0;

  /** f32 [58] of the followed face, or null. `aspect` is width over height of the picture. */
  read(faces: readonly DetectedFace[], aspect: number): Float32Array | null {
    const face = this.#choose(faces);
    if (face === null) {
      this.#missed += 1;
      if (this.#missed === FORGET_AFTER) this.reset();
      return null;
    }
    this.#missed = 0;
    const measures = measureFace(face.landmarks, aspect);
    const own = face.blendshapes;
    const { blendshapes, pose } =
      own === undefined ? this.#coefficients.read(measures) : this.#coefficients.readWith(known(own), measures);
    return faceVectorOf({ blendshapes, pose }, "face");
  }

  /** Forgets whose face it was. */
  reset(): void {
    this.#coefficients.reset();
    this.#last = null;
  }

  #choose(faces: readonly DetectedFace[]): DetectedFace | null {
    const places = faces.map((face) => ({ face, ...placeOf(face) }));
    const last = this.#last;
    const distance = (place: { x: number; y: number }): number =>
      last === null ? Number.POSITIVE_INFINITY : Math.hypot(place.x - last.x, place.y - last.y) / last.width;
    const same = places.filter((place) => distance(place) < SAME_FACE).sort((a, b) => distance(a) - distance(b))[0];
    const chosen = same ?? places.sort((a, b) => b.width - a.width)[0];
    if (chosen === undefined) return null;
    if (same === undefined && last !== null) this.#coefficients.reset(); // somebody else
    this.#last = chosen;
    return chosen.face;
  }
}

/** Between the eyes, and how far apart their outer corners are, in parts of the picture's width. */
function placeOf({ landmarks }: DetectedFace): { x: number; y: number; width: number } {
  const [right, left] = [landmarks[33]!, landmarks[263]!];
  const width = Math.hypot(left.x - right.x, left.y - right.y, left.z - right.z);
  return { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2, width: Math.max(1e-6, width) };
}

/** The coefficients that the model knows, within 0..1. */
function known(blendshapes: Readonly<Record<string, number>>): Record<string, number> {
  const kept = Object.entries(blendshapes).filter(([name]) => Object.hasOwn(ARKIT_INDEX, name));
  return Object.fromEntries(kept.map(([name, value]) => [name, Math.min(1, Math.max(0, value))]));
}
