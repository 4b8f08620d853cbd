import { ARKIT_BLENDSHAPES } from "echo-head";
import type { FaceFrame } from "../face/face-frame.js";

const COUNT = ARKIT_BLENDSHAPES.length;

/**
 * Moves from one face to the next in a straight line: frames come 25 times a second, a screen shows 60 or more. A straight line
 * reaches every value in full, where a low-pass filter would shorten a blink.
 */
export class Glide {
  readonly #glideMs: number;
  /** f32 [55]: 52 coefficients, yaw, pitch, roll. */
  readonly #from = new Float32Array(COUNT + 3);
  readonly #to = new Float32Array(COUNT + 3);
  readonly #now = new Float32Array(COUNT + 3);
  #elapsedMs = 0;
  #any = false;

  /** @param glideMs how long the way to a new face takes; 0 shows it at once */
  constructor(glideMs: number) {
    this.#glideMs = glideMs;
  }

  /** Heads for this frame from what is shown now. The first one is shown at once. */
  aim(frame: Pick<FaceFrame, "blendshapes" | "pose">): void {
    const { yawRad, pitchRad, rollRad } = frame.pose;
    this.#to.set(frame.blendshapes);
    this.#to.set([yawRad, pitchRad, rollRad], COUNT);
    if (!this.#any) this.#now.set(this.#to);
    this.#from.set(this.#now);
    this.#elapsedMs = 0;
    this.#any = true;
  }

  /** Goes on by this time. The result is valid until the next call; undefined before the first frame. */
  step(byMs: number): { blendshapes: Float32Array; yawRad: number; pitchRad: number; rollRad: number } | undefined {
    if (!this.#any) return undefined;
    this.#elapsedMs += byMs;
    const share = this.#glideMs > 0 ? Math.min(1, this.#elapsedMs / this.#glideMs) : 1;
    const [from, to, now] = [this.#from, this.#to, this.#now];
    for (let i = 0; i < now.length; i++) now[i] = from[i]! + (to[i]! - from[i]!) * share;
    const [yawRad, pitchRad, rollRad] = [now[COUNT]!, now[COUNT + 1]!, now[COUNT + 2]!];
    return { blendshapes: now.subarray(0, COUNT), yawRad, pitchRad, rollRad };
  }
}
