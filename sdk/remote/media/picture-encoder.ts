import type { VideoFormat } from "../../protocol/remote.js";

/** Turns the pictures of a block into what travels. Calls must not overlap. */
export interface PictureEncoder {
  readonly format: VideoFormat;
  /** True where a graphics card does it. */
  readonly hardware: boolean;
  /**
   * One chunk for each picture (uint8 [height*width*4], straight alpha), none for none. With `key` the first one stands alone, whatever was before; the
   * result says whether it does. Rejects when the encoder fails, or is disposed meanwhile.
   */
  encode(
    pictures: readonly Uint8ClampedArray[],
    key: boolean,
  ): Promise<{ readonly key: boolean; readonly pictures: Uint8Array[] }>;
  dispose(): void;
}

/** The other end. Calls must not overlap. */
export interface PictureDecoder {
  readonly format: VideoFormat;
  /** The pictures of one block, in order. Rejects when a chunk cannot be decoded: ask for a key picture, or for another format. */
  decode(chunks: readonly Uint8Array[], key: boolean): Promise<Uint8ClampedArray[]>;
  dispose(): void;
}
