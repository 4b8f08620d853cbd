import { decode, encode } from "fast-png";
import type { VideoFormat } from "../../protocol/remote.js";
import type { PictureDecoder, PictureEncoder } from "./picture-encoder.js";

type ExactFormat = Extract<VideoFormat, "png" | "raw">;
type Size = { readonly width: number; readonly height: number };

/** Pictures as they are, or as PNG: every value arrives as it was. For debugging, and where there is no codec. */
export class ExactEncoder implements PictureEncoder {
  readonly format: ExactFormat;
  readonly #size: Size;

  constructor(format: ExactFormat, size: Size) {
    this.format = format;
    this.#size = size;
  }

  async encode(pictures: readonly Uint8ClampedArray[]) {
    const chunks: Uint8Array[] = [];
    for (const rgba of pictures) {
      const data = new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.byteLength);
      chunks.push(
        this.format === "raw" ? data : encode({ ...this.#size, data, channels: 4, depth: 8 }, { zlib: { level: 1 } }),
      );
      if (this.format === "png") await new Promise((resolve) => setTimeout(resolve)); // others' messages between two pictures
    }
    return { key: true, pictures: chunks };
  }

  dispose(): void {}
}

/** The other end of {@link ExactEncoder}. */
export class ExactDecoder implements PictureDecoder {
  readonly format: ExactFormat;
  readonly #size: Size;

  constructor(format: ExactFormat, size: Size) {
    this.format = format;
    this.#size = size;
  }

  async decode(chunks: readonly Uint8Array[]): Promise<Uint8ClampedArray[]> {
    const { width, height } = this.#size;
    return chunks.map((chunk) => {
      const data = this.format === "raw" ? chunk : decode(chunk).data;
      if (data.length !== width * height * 4)
        throw new RangeError(`a picture of ${data.length} bytes came in the place of ${width} x ${height} pixels`);
      return new Uint8ClampedArray(data);
    });
  }

  dispose(): void {}
}
