import { EncodedPacket, type EncodedVideoPacketSource } from "mediabunny";
import type { Picture } from "./frame-sink.js";
import { ChunkQueue, untilReady, type WebCodecs } from "./webcodecs.js";
import { rgbaOverToI420, rgbaToI420A, VIDEO_COLOR_SPACE } from "./yuv.js";

/** Bits for one pixel of one picture: about 0.8 Mb/s at 256 x 256 and 25 fps. */
const BITS_PER_PIXEL = 0.5;
/** Seconds from one picture that can be sought to the next. */
const KEY_INTERVAL_S = 2;
/** What stands behind the head where the format has no alpha channel: a light grey, sRGB. */
export const BACKGROUND = [214, 217, 222] as const;
/** The encoder of @napi-rs/webcodecs 1.3.1 puts the block's number (8 bytes, as Matroska's BlockAddID) before the alpha frame. */
const ALPHA_PREFIX_BYTES = 8;

type PictureChunk = { readonly packet: EncodedPacket; readonly meta: EncodedVideoChunkMetadata };

/** Encodes pictures as VP9 with alpha or as H.264 over {@link BACKGROUND}, and hands the packets to a mediabunny source. */
export class PictureEncoder {
  readonly #webcodecs: WebCodecs;
  readonly #encoder: InstanceType<WebCodecs["VideoEncoder"]>;
  readonly #queue = new ChunkQueue<PictureChunk>();
  readonly #source: EncodedVideoPacketSource;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #fps: number;
  readonly #alpha: boolean;
  #count = 0;

  constructor(options: {
    webcodecs: WebCodecs;
    source: EncodedVideoPacketSource;
    codec: "vp9" | "avc";
    width: number;
    height: number;
    fps: number;
  }) {
    const { webcodecs, source, codec, width, height, fps } = options;
    if (width % 2 !== 0 || height % 2 !== 0)
      throw new RangeError(`video needs even sides, the pictures have ${width} x ${height}`);
    this.#webcodecs = webcodecs;
    this.#source = source;
    this.#size = { width, height };
    this.#fps = fps;
    this.#alpha = codec === "vp9";
    this.#encoder = new webcodecs.VideoEncoder({
      output: (chunk, meta) => this.#take(chunk, meta),
      error: this.#queue.fail,
    });
    this.#encoder.configure({
      codec: this.#alpha ? "vp09.00.10.08" : "avc1.640028",
      ...this.#size,
      framerate: fps,
      bitrate: Math.round(width * height * fps * BITS_PER_PIXEL),
      latencyMode: "quality",
      alpha: this.#alpha ? "keep" : "discard",
      ...(this.#alpha ? {} : { avc: { format: "avc" as const } }),
    });
  }

  /** Pictures that have been taken. */
  get count(): number {
    return this.#count;
  }

  async add({ rgba, width, height }: Picture): Promise<void> {
    if (width !== this.#size.width || height !== this.#size.height)
      throw new RangeError(
        `picture ${this.#count} has ${width} x ${height}, the video ${this.#size.width} x ${this.#size.height}`,
      );
    const planes = this.#alpha ? rgbaToI420A(rgba, width, height) : rgbaOverToI420(rgba, width, height, BACKGROUND);
    const frame = new this.#webcodecs.VideoFrame(planes, {
      format: this.#alpha ? "I420A" : "I420",
      codedWidth: width,
      codedHeight: height,
      timestamp: Math.round((this.#count * 1e6) / this.#fps),
      duration: Math.round(1e6 / this.#fps),
      colorSpace: VIDEO_COLOR_SPACE,
    });
    this.#encoder.encode(frame, { keyFrame: this.#count % Math.round(KEY_INTERVAL_S * this.#fps) === 0 });
    frame.close();
    this.#count += 1;
    await untilReady(this.#encoder);
    await this.#drain();
  }

  async finish(): Promise<void> {
    await this.#encoder.flush();
    await this.#drain();
    this.close();
  }

  close(): void {
    if (this.#encoder.state !== "closed") this.#encoder.close();
  }

  #take(
    chunk: { byteLength: number; timestamp: number; type: string; copyTo(to: Uint8Array): void },
    meta: { decoderConfig?: unknown; alphaSideData?: Uint8Array } | undefined,
  ): void {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const alpha = meta?.alphaSideData?.slice(ALPHA_PREFIX_BYTES);
    if (this.#alpha && alpha === undefined) {
      this.#queue.fail(new Error(`the encoder gave no alpha at ${chunk.timestamp / 1e6} s`));
      return;
    }
    // Whole microseconds back to the exact time of the picture.
    const index = Math.round((chunk.timestamp * this.#fps) / 1e6);
    const type = chunk.type === "key" ? "key" : "delta";
    const sideData = alpha === undefined ? undefined : { alpha };
    const packet = new EncodedPacket(data, type, index / this.#fps, 1 / this.#fps, index, undefined, sideData);
    this.#queue.put({ packet, meta: meta as EncodedVideoChunkMetadata });
  }

  async #drain(): Promise<void> {
    for (const { packet, meta } of this.#queue.take()) await this.#source.add(packet, meta);
  }
}
