import { EchoFrame } from "../frame/echo-frame.js";
import { Pack } from "../pack/pack.js";
import { ARKIT_BLENDSHAPES, ARKIT_INDEX } from "../protocol/arkit.js";
import type { RenderFrames } from "./renderer.js";

/** How a {@link fakeRenderer} misbehaves, for tests. */
type FakeOptions = {
  readonly side?: number;
  readonly failAtFrame?: number;
  readonly onFrame?: (index: number) => void;
};

/**
 * A renderer for tests of everything around it: no graphs, the jaw opens with the loudness of the frame's 640 samples, and the
 * disc in the picture grows with it. It counts frames as the real one does: ceil(samples / 640).
 */
export function fakeRenderer(fake: FakeOptions = {}): RenderFrames {
  return async function* render(options) {
    const { pack, avatarAudio, userAudio, userFace, frameCount, signal } = options;
    const side = fake.side ?? 32;
    const audio = avatarAudio ?? userAudio;
    let index = 0;
    for await (const rms of loudness(audio, userFace?.at(-1)?.timeS ?? 0)) {
      if (frameCount !== undefined && index >= frameCount) break;
      signal?.throwIfAborted();
      if (index === fake.failAtFrame) throw new Error("the fake renderer fails as asked");
      const blendshapes = new Float32Array(ARKIT_BLENDSHAPES.length);
      blendshapes[ARKIT_INDEX.jawOpen] = Math.min(1, rms * 3);
      const rgba = new Uint8ClampedArray(side * side * 4);
      for (let p = 0; p < side * side; p++) {
        const distance = Math.hypot((p % side) - side / 2, Math.floor(p / side) - side / 2);
        rgba.set([200, 120, 90, distance < side * (0.25 + rms) ? 255 : 0], 4 * p);
      }
      yield new EchoFrame({
        index,
        timestampMs: index * 40,
        width: side,
        height: side,
        rgba,
        blendshapes,
        pose: Float32Array.from([0.1, -0.2, 0, 0, 0, 0]),
        state: avatarAudio === undefined ? "listening" : "speaking",
      });
      fake.onFrame?.(index);
      index += 1;
    }
    return {
      frames: index,
      fps: 25,
      realTimeFactor: 2,
      firstFrameMs: 1,
      blockMs: { p50: 1, p95: 2 },
      stages: { generator: { p50: 1, p95: 2 } },
      backend: options.backend === "auto" || options.backend === undefined ? "cpu" : options.backend,
      packHash: pack instanceof Pack ? pack.hash : "",
    };
  };
}

async function* loudness(audio: AsyncIterable<Float32Array> | undefined, lastFaceS: number): AsyncGenerator<number> {
  if (audio === undefined) {
    for (let i = 0; i <= Math.round(lastFaceS * 25); i++) yield 0;
    return;
  }
  let sum = 0;
  let count = 0;
  for await (const chunk of audio) {
    for (const value of chunk) {
      sum += value * value;
      count += 1;
      if (count === 640) {
        yield Math.sqrt(sum / count);
        sum = 0;
        count = 0;
      }
    }
  }
  if (count > 0) yield Math.sqrt(sum / count);
}
