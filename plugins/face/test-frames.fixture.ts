import { ARKIT_BLENDSHAPES, type ArkitBlendshape, type HeadPose } from "echo-head";
import type { FaceFrame } from "./face-frame.js";

const REST: HeadPose = { yawRad: 0, pitchRad: 0, rollRad: 0, x: 0, y: 0, z: 0 };

/** A frame of a face for tests; `closed` counts how often it was closed. */
export type TestFrame = FaceFrame & { closed: number };

/** A face with these coefficients and this pose, everything else at rest. */
export function faceFrame(
  values: Partial<Record<ArkitBlendshape, number>> = {},
  pose: Partial<HeadPose> = {},
): TestFrame {
  const frame: TestFrame = {
    blendshapes: Float32Array.from(ARKIT_BLENDSHAPES, (name) => values[name] ?? 0),
    pose: { ...REST, ...pose },
    closed: 0,
    close: () => {
      frame.closed += 1;
    },
  };
  return frame;
}

/** The face of the golden packets: every coefficient another value. */
export function goldenFace(): TestFrame {
  const frame = faceFrame({}, { yawRad: 0.25, pitchRad: 0.125, rollRad: 0.0625, x: 0.02, y: 0.04, z: 0.01 });
  for (let i = 0; i < 52; i++) frame.blendshapes[i] = ((i * 7) % 64) / 64;
  return frame;
}

/** A source that is fed by hand. */
export class TestSource implements AsyncIterableIterator<FaceFrame> {
  readonly #waiting: ((result: IteratorResult<FaceFrame>) => void)[] = [];
  readonly #frames: FaceFrame[] = [];
  ended = false;

  push(frame: FaceFrame): void {
    const next = this.#waiting.shift();
    if (next) next({ done: false, value: frame });
    else this.#frames.push(frame);
  }

  next(): Promise<IteratorResult<FaceFrame>> {
    const frame = this.#frames.shift();
    if (frame) return Promise.resolve({ done: false, value: frame });
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<FaceFrame>> {
    this.ended = true;
    for (const next of this.#waiting.splice(0)) next({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
