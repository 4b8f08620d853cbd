import type { Pack } from "../pack/pack.js";
import type { DecoderVariant } from "../protocol/generator-worker.js";
import type { Picture, PictureForm } from "../protocol/picture.js";
import type { Tensor } from "../protocol/tensor.js";
import type { Runtime, StageSession } from "../runtime/session.js";
import { FrameDecoder } from "./frame-decoder.js";
import { GpuPictures } from "./gpu-pictures.js";

/** The decoder of one avatar, ready to paint. */
export class AvatarDecoder {
  readonly id: string;
  readonly variant: DecoderVariant;
  readonly #session: StageSession;
  readonly #decoder: FrameDecoder;
  readonly #onGpu: GpuPictures | undefined;

  private constructor(of: {
    id: string;
    variant: DecoderVariant;
    session: StageSession;
    decoder: FrameDecoder;
    onGpu: GpuPictures | undefined;
  }) {
    this.id = of.id;
    this.variant = of.variant;
    this.#session = of.session;
    this.#decoder = of.decoder;
    this.#onGpu = of.onGpu;
  }

  /** Loads the decoder of an avatar: the one that is asked for where the avatar has it, else the full one. The runtime is borrowed. */
  static async open(asked: {
    readonly pack: Pack;
    readonly runtime: Runtime;
    readonly pictures: PictureForm;
    readonly id: string;
    /** `pack.readAppearance(id)`. */
    readonly appearance: Readonly<Record<string, Tensor>>;
    readonly wanted: DecoderVariant;
  }): Promise<AvatarDecoder> {
    const { pack, runtime, pictures, id, appearance, wanted } = asked;
    const { device } = runtime;
    const { decoders, resolution } = pack.avatar(id);
    const variant: DecoderVariant = wanted in decoders ? wanted : "full";
    const source = await pack.readDecoder(id, variant);
    const constants = Object.keys(source.inputs).filter((name) => name !== "tokens");
    const onGpu =
      device && pictures !== "memory" ? new GpuPictures({ device, form: pictures, ...resolution }) : undefined;
    const session = await runtime.createSession(source, { constants, keep: onGpu ? ["rgba"] : [] });
    return new AvatarDecoder({
      id,
      variant,
      session,
      decoder: new FrameDecoder({ session, appearance, onGpu }),
      onGpu,
    });
  }

  /** One picture a frame, straight alpha, row 0 on top, of tokens f32 [frames * 12 * 32]. The caller owns them. */
  decode(tokens: Float32Array): Promise<Picture[]> {
    return this.#decoder.decode(tokens);
  }

  async dispose(): Promise<void> {
    this.#onGpu?.dispose();
    await this.#session.dispose();
  }
}

/** WASM is slow: it begins with the light decoder, where there is one. */
export function firstVariant(runtime: Runtime): DecoderVariant {
  return runtime.backend === "wasm" ? "light" : "full";
}
