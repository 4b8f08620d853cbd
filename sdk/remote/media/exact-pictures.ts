import { decode, encode } from "fast-png";
import type { VideoFormat } from "../../protocol/remote.js";
import type { CodecFormat } from "./codecs.js";
import type { PictureDecoder, PictureEncoder } from "./picture-encoder.js";
import { writeWebp } from "./webp-writer.js";

/** The formats in which every value arrives as it was. */
export type ExactFormat = Exclude<VideoFormat, CodecFormat>;
type Size = { readonly width: number; readonly height: number };

/** Pictures as they are, or as lossless files: for debugging, and where there is no codec. */
export class ExactEncoder implements PictureEncoder {
  readonly format: ExactFormat;
  readonly hardware = false;
  readonly #size: Size;

  constructor(format: ExactFormat, size: Size) {
    this.format = format;
    this.#size = size;
  }

  async encode(pictures: readonly Uint8ClampedArray[]) {
    const chunks: Uint8Array[] = [];
    for (const rgba of pictures) {
      chunks.push(this.#encodeOne(rgba));
      if (this.format !== "raw") await new Promise((resolve) => setTimeout(resolve)); // others' messages between two pictures
    }
    return { key: true, pictures: chunks };
  }

  dispose(): void {}

  #encodeOne(rgba: Uint8ClampedArray): Uint8Array {
    if (this.format === "webp") return writeWebp(rgba, this.#size);
    const data = new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.byteLength);
    return this.format === "raw"
      ? data
      : encode({ ...this.#size, data, channels: 4, depth: 8 }, { zlib: { level: 1 } });
  }
}

/** The other end of {@link ExactEncoder} for PNG and raw; for WebP see {@link WebpDecoder}. */
export class ExactDecoder implements PictureDecoder {
  readonly format: "png" | "raw";
  readonly #size: Size;

  constructor(format: "png" | "raw", size: Size) {
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
