import { EchoError } from "../../base/errors.js";
import type { WebCodecs } from "../../media/webcodecs.js";
import { VIDEO_COLOR_SPACE } from "../../media/yuv.js";
import { CODEC_STRINGS, type CodecFormat } from "./codecs.js";
import { checkPackable, packAlpha, packedLength } from "./packed-alpha.js";
import type { PictureEncoder } from "./picture-encoder.js";

/** Bits for one pixel of one picture, alpha plane included: about 1.6 Mb/s at 256 x 256 and 25 fps, of which still heads need a part. */
const BITS_PER_PIXEL = 1;
/** Pictures from one that stands alone to the next, in case a decoder drifts. */
const KEY_INTERVAL = 250;

type Waiting = { readonly resolve: (chunk: Chunk) => void; readonly reject: (error: unknown) => void };
type Chunk = { readonly data: Uint8Array; readonly key: boolean };

/** Encodes packed-alpha pictures as H.264 (Annex B) or VP8, without look-ahead: each picture's chunk comes before the next is needed. */
export class CodecEncoder implements PictureEncoder {
  readonly format: CodecFormat;
  readonly hardware: boolean;
  readonly #webcodecs: WebCodecs;
  readonly #encoder: InstanceType<WebCodecs["VideoEncoder"]>;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #fps: number;
  readonly #planes: Uint8Array;
  readonly #waiting = new Map<number, Waiting>();
  #failure: unknown;
  #count = 0;
  #sinceKey = 0;

  /** `hardware` asks for an encoder of the graphics card and fails without one. Throws a `TypeError` for odd sides. */
  constructor(options: {
    webcodecs: WebCodecs;
    format: CodecFormat;
    width: number;
    height: number;
    fps: number;
    hardware?: boolean | undefined;
  }) {
    const { webcodecs, format, width, height, fps, hardware = false } = options;
    checkPackable(width, height);
    this.format = format;
    this.hardware = hardware;
    this.#webcodecs = webcodecs;
    this.#size = { width, height };
    this.#fps = fps;
    this.#planes = new Uint8Array(packedLength(width, height));
    this.#encoder = new webcodecs.VideoEncoder({
      output: (chunk) => this.#take(chunk),
      error: (error) => this.#fail(error),
    });
    this.#encoder.configure({
      codec: CODEC_STRINGS[format],
      width,
      height: 2 * height,
      framerate: fps,
      bitrate: Math.round(width * height * fps * BITS_PER_PIXEL),
      latencyMode: "realtime",
      hardwareAcceleration: hardware ? "prefer-hardware" : "prefer-software",
      ...(format === "avc" ? { avc: { format: "annexb" as const } } : {}),
    });
  }

  async encode(pictures: readonly Uint8ClampedArray[], key: boolean) {
    const chunks = await Promise.all(pictures.map((rgba, i) => this.#encodeOne(rgba, key && i === 0)));
    return { key: chunks[0]?.key ?? false, pictures: chunks.map(({ data }) => data) };
  }

  dispose(): void {
    if (this.#encoder.state !== "closed") this.#encoder.close();
    this.#fail(new EchoError("disposed", { what: "the encoder" }));
  }

  #encodeOne(rgba: Uint8ClampedArray, key: boolean): Promise<Chunk> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { width, height } = this.#size;
    packAlpha(rgba, width, height, this.#planes);
    const timestamp = Math.round((this.#count * 1e6) / this.#fps);
    const keyFrame = key || this.#count === 0 || this.#sinceKey >= KEY_INTERVAL;
    this.#count += 1;
    this.#sinceKey = keyFrame ? 1 : this.#sinceKey + 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(timestamp, { resolve, reject });
      try {
        const frame = new this.#webcodecs.VideoFrame(this.#planes, {
          format: "I420",
          codedWidth: width,
          codedHeight: 2 * height,
          timestamp,
          colorSpace: VIDEO_COLOR_SPACE,
        });
        this.#encoder.encode(frame, { keyFrame });
        frame.close();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  #take(chunk: { byteLength: number; timestamp: number; type: string; copyTo(to: Uint8Array): void }): void {
    const waiting = this.#waiting.get(chunk.timestamp);
    this.#waiting.delete(chunk.timestamp);
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    waiting?.resolve({ data, key: chunk.type === "key" });
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
