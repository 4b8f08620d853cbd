import { float32Tensor, type Tensor } from "../protocol/tensor.js";
import type { StageSession } from "../runtime/session.js";

/** Motion tokens and an avatar's appearance -> pictures. */
export class FrameDecoder {
  readonly #session: StageSession;
  readonly #appearance: Record<string, Tensor>;
  readonly #tokenShape: readonly number[];

  /** `appearance` holds the avatar's tensors by name; the decoder takes those that its inputs name. The session is borrowed. */
  constructor(options: { session: StageSession; appearance: Readonly<Record<string, Tensor>> }) {
    this.#session = options.session;
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

  /** One uint8 [height * width * 4] a frame, straight alpha, row 0 on top, of tokens f32 [frames * 12 * 32]. The caller owns them. */
  async decode(tokens: Float32Array): Promise<Uint8ClampedArray[]> {
    const perFrame = this.#tokenShape.reduce((product, size) => product * size, 1);
    const frames = tokens.length / perFrame;
    const outputs = await this.#session.run({
      tokens: float32Tensor([frames, ...this.#tokenShape], tokens),
      ...this.#appearance,
    });
    const rgba = outputs.rgba;
    if (rgba?.dtype !== "uint8")
      throw new TypeError(`${this.#session.name} must give rgba as uint8, not ${rgba?.dtype}`);
    const size = rgba.data.length / frames;
    // A buffer for each picture, so that each can move to another thread and go when its frame is closed.
    return Array.from(
      { length: frames },
      (_, f) => new Uint8ClampedArray(rgba.data.subarray(f * size, (f + 1) * size)),
    );
  }
}
