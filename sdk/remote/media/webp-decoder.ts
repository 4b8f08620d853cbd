import type { PictureDecoder } from "./picture-encoder.js";

/** Decodes lossless WebP by the browser's own decoder, which works beside the page's thread. */
export class WebpDecoder implements PictureDecoder {
  readonly format = "webp";
  readonly #size: { readonly width: number; readonly height: number };

  constructor(size: { readonly width: number; readonly height: number }) {
    this.#size = size;
  }

  async decode(chunks: readonly Uint8Array[]): Promise<Uint8ClampedArray[]> {
    return Promise.all(chunks.map((chunk) => this.#decodeOne(chunk)));
  }

  dispose(): void {}

  async #decodeOne(data: Uint8Array): Promise<Uint8ClampedArray> {
    const { width, height } = this.#size;
    const decoder = new ImageDecoder({
      data: data as Uint8Array<ArrayBuffer>,
      type: "image/webp",
      premultiplyAlpha: "none",
      colorSpaceConversion: "none",
    });
    try {
      const { image } = await decoder.decode();
      const { format, codedWidth, codedHeight } = image;
      if (codedWidth !== width || codedHeight !== height || (format !== "RGBA" && format !== "BGRA")) {
        image.close();
        throw new RangeError(`${codedWidth} x ${codedHeight} pixels as ${format} came, not ${width} x ${height}`);
      }
      const rgba = new Uint8ClampedArray(4 * width * height);
      await image.copyTo(rgba);
      image.close();
      if (format === "BGRA") for (let i = 0; i < rgba.length; i += 4) [rgba[i], rgba[i + 2]] = [rgba[i + 2]!, rgba[i]!];
      return rgba;
    } finally {
      decoder.close();
    }
  }
}
