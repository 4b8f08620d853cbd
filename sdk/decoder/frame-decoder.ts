import { type Picture, rgbaBytes } from "../protocol/picture.js";
import { float32Tensor, type Tensor } from "../protocol/tensor.js";
import { isHeld } from "../runtime/held-tensors.js";
import type { StageSession } from "../runtime/session.js";
import type { GpuPictures } from "./gpu-pictures.js";

/** Motion tokens and an avatar's appearance -> pictures. */
export class FrameDecoder {
  readonly #session: StageSession;
  readonly #appearance: Record<string, Tensor>;
  readonly #tokenShape: readonly number[];
  readonly #onGpu: GpuPictures | undefined;

  /**
   * `appearance` holds the avatar's tensors by name; the decoder takes those that its inputs name. `onGpu` takes the pictures of a
   * session whose `rgba` stays on the GPU. The session is borrowed.
   */
  constructor(options: {
    session: StageSession;
    appearance: Readonly<Record<string, Tensor>>;
    onGpu?: GpuPictures | undefined;
  }) {
    this.#session = options.session;
    this.#onGpu = options.onGpu;
    this.#appearance = {};
    const tokens = options.session.inputs.tokens;
    if (tokens === undefined) throw new TypeError(`${options.session.name} has no input tokens`);
    this.#tokenShape = tokens.shape.slice(1) as number[];
    for (const name of Object.keys(options.session.inputs)) {
      if (name === "tokens") continue;
      const tensor = options.appearance[name];
      if (tensor === undefined)
        throw new TypeError(`the decoder ${options.session.name} needs ${name}, which the avatar lacks`);
      this.#appearance[name] = tensor;
    }
  }

  /** One picture a frame, straight alpha, row 0 on top, of tokens f32 [frames * 12 * 32]. The caller owns them. */
  async decode(tokens: Float32Array): Promise<Picture[]> {
    const perFrame = this.#tokenShape.reduce((product, size) => product * size, 1);
    const frames = tokens.length / perFrame;
    const { rgba } = await this.#session.run({
      tokens: float32Tensor([frames, ...this.#tokenShape], tokens),
      ...this.#appearance,
    });
    if (this.#onGpu && rgba && isHeld(rgba)) return this.#onGpu.take(rgba, frames);
    const all = rgbaBytes(rgba);
    if (frames === 1) return [all];
    const size = all.length / frames;
    // A buffer for each picture, so that each can move to another thread and go when its frame is closed.
    return Array.from({ length: frames }, (_, f) => all.slice(f * size, (f + 1) * size));
  }
}
