import { FACE_VALUES } from "./face-vector.js";
import type { FaceBlock } from "./types.js";

/** How long a face is held after its last update, in ms; after it nobody is in view. */
export const FACE_HOLD_MS = 500;
/** Bound of the track: 60 faces a second for as long as one is held, and a block more. */
const MAX_ENTRIES = 64;

type Entry = { readonly timeMs: number; readonly vector: Float32Array | null };

/**
 * Places the faces of a tracker, which come when they come, on the frames of a block. A frame takes the newest face that is not
 * half a frame or more ahead of it, and holds it for at most {@link FACE_HOLD_MS}. Bound: 64 faces, the oldest dropped.
 */
export class FaceTrack {
  readonly #frameMs: number;
  readonly #entries: Entry[] = [];

  /** `frameMs` is the length of a frame (40 at 25 fps). */
  constructor(options: { frameMs: number }) {
    this.#frameMs = options.frameMs;
  }

  /** Adds a face f32 [58], or null for "nobody in view", seen at `timeMs`. The vector is kept: do not change it. Late faces are sorted in. */
  push(timeMs: number, vector: Float32Array | null): void {
    let at = this.#entries.length;
    while (at > 0 && this.#entries[at - 1]!.timeMs > timeMs) at -= 1;
    this.#entries.splice(at, 0, { timeMs, vector });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
  }

  /** The face that a frame at `timeMs` shows, or null. */
  at(timeMs: number): Float32Array | null {
    const limit = timeMs + this.#frameMs / 2;
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i]!;
      if (entry.timeMs >= limit) continue;
      return timeMs - entry.timeMs <= FACE_HOLD_MS ? entry.vector : null;
    }
    return null;
  }

  /** The faces of `frames` frames of which the first is at `startMs`. */
  block(startMs: number, frames: number): FaceBlock {
    const face = new Float32Array(frames * FACE_VALUES);
    const presence = new Float32Array(frames);
    for (let i = 0; i < frames; i++) {
      const vector = this.at(startMs + i * this.#frameMs);
      if (vector === null) continue;
      face.set(vector, i * FACE_VALUES);
      presence[i] = 1;
    }
    return { face, presence };
  }
}
