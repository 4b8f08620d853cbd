import { EchoError } from "../../base/errors.js";
import { CODEC_STRINGS, type CodecFormat } from "./codecs.js";
import { unpackAlpha } from "./packed-alpha.js";
import type { PictureDecoder } from "./picture-encoder.js";

/** The part of WebCodecs that decodes: the browser's own, or that of @napi-rs/webcodecs. */
export type DecodingCodecs = {
  readonly VideoDecoder: typeof VideoDecoder;
  readonly EncodedVideoChunk: typeof EncodedVideoChunk;
};

type Waiting = { readonly resolve: (rgba: Uint8ClampedArray) => void; readonly reject: (error: unknown) => void };

/** A picture that has not come after this time will not come, in ms; a starved machine needs seconds. */
const PATIENCE_MS = 10_000;

/** Decodes packed-alpha pictures back to straight-alpha RGBA. */
export class CodecDecoder implements PictureDecoder {
  readonly format: CodecFormat;
  readonly #codecs: DecodingCodecs;
  readonly #decoder: VideoDecoder;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #patienceMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #failure: unknown;
  #count = 0;

  constructor(options: {
    codecs: DecodingCodecs;
    format: CodecFormat;
    width: number;
    height: number;
    patienceMs?: number | undefined;
  }) {
    const { codecs, format, width, height, patienceMs = PATIENCE_MS } = options;
    this.#patienceMs = patienceMs;
    this.format = format;
    this.#codecs = codecs;
    this.#size = { width, height };
    this.#decoder = new codecs.VideoDecoder({
      output: (frame) => void this.#take(frame),
      error: (error) => this.#fail(error),
    });
    this.#decoder.configure({
      codec: CODEC_STRINGS[format],
      codedWidth: width,
      codedHeight: 2 * height,
      optimizeForLatency: true,
    });
  }

  async decode(chunks: readonly Uint8Array[], key: boolean): Promise<Uint8ClampedArray[]> {
    return Promise.all(chunks.map((data, i) => this.#decodeOne(data, key && i === 0)));
  }

  dispose(): void {
    if (this.#decoder.state !== "closed") this.#decoder.close();
    this.#fail(new EchoError("disposed", { what: "the decoder" }));
  }

  #decodeOne(data: Uint8Array, key: boolean): Promise<Uint8ClampedArray> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const timestamp = this.#count++ * 1_000; // only tells the pictures apart
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => this.#fail(new Error(`no picture within ${this.#patienceMs} ms`)),
        this.#patienceMs,
      );
      const settle =
        <Value>(done: (value: Value) => void) =>
        (value: Value): void => {
          clearTimeout(late);
          done(value);
        };
      this.#waiting.set(timestamp, { resolve: settle(resolve), reject: settle(reject) });
      try {
        this.#decoder.decode(new this.#codecs.EncodedVideoChunk({ type: key ? "key" : "delta", data, timestamp }));
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  async #take(frame: VideoFrame): Promise<void> {
    const waiting = this.#waiting.get(frame.timestamp);
    this.#waiting.delete(frame.timestamp);
    try {
      const { format } = frame;
      if (format !== "I420" && format !== "NV12") throw new Error(`the decoder gives ${format}, not I420 or NV12`);
      const data = new Uint8Array(frame.allocationSize());
      const layout = await frame.copyTo(data);
      waiting?.resolve(unpackAlpha({ data, format, layout }, this.#size.width, this.#size.height));
    } catch (error) {
      waiting?.reject(error);
    } finally {
      frame.close();
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
