import {
  EncodedAudioPacketSource,
  EncodedVideoPacketSource,
  FilePathTarget,
  Mp4OutputFormat,
  Output,
  WebMOutputFormat,
} from "mediabunny";
import { EchoError, reasonOf } from "../base/errors.js";
import type { FrameSink, Picture } from "./frame-sink.js";
import { PictureEncoder } from "./picture-encoder.js";
import { SoundEncoder } from "./sound-encoder.js";
import { loadWebCodecs } from "./webcodecs.js";

/** `webm`: VP9 with an alpha channel and Opus. `mp4`: H.264 over a plain background and AAC. */
export type VideoFormat = "webm" | "mp4";

const CODECS = {
  webm: { picture: "vp9", sound: "opus" },
  mp4: { picture: "avc", sound: "aac" },
} as const;

/** What {@link VideoSink} needs to know before the first picture. */
export type VideoSinkOptions = {
  /** File that is written. */
  readonly path: string;
  /** Name that messages give it. @default path */
  readonly name?: string | undefined;
  readonly format: VideoFormat;
  /** Pictures in a second. */
  readonly fps: number;
  /** Mono samples at SOUND_RATE_HZ. @default a silent video */
  readonly sound?: AsyncIterable<Float32Array> | undefined;
};

type Open = { readonly output: Output; readonly pictures: PictureEncoder; readonly sounds: SoundEncoder | undefined };

/**
 * Writes a video file while it is rendered; memory does not grow with its length. Picture i stands at i / fps seconds, sound starts at
 * 0 and is written alongside, so that both are interleaved.
 */
export class VideoSink implements FrameSink {
  readonly #options: VideoSinkOptions;
  #open: Open | undefined;

  /** The file is opened with the first picture, which gives the size. */
  constructor(options: VideoSinkOptions) {
    this.#options = options;
  }

  async add(picture: Picture): Promise<void> {
    await this.#guard(async () => {
      this.#open ??= await this.#start(picture);
      await this.#open.pictures.add(picture);
      await this.#open.sounds?.advance(this.#open.pictures.count / this.#options.fps);
    });
  }

  async finish(): Promise<void> {
    await this.#guard(async () => {
      if (this.#open === undefined) throw new Error("there is not one picture");
      const { output, pictures, sounds } = this.#open;
      await pictures.finish();
      await sounds?.finish();
      await output.finalize();
      this.#open = undefined;
    });
  }

  async cancel(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    open?.pictures.close();
    await open?.sounds?.close().catch(() => undefined);
    await open?.output.cancel().catch(() => undefined);
  }

  async #start({ width, height }: Picture): Promise<Open> {
    const { path, format, fps, sound } = this.#options;
    const webcodecs = await loadWebCodecs(this.#name);
    const codecs = CODECS[format];
    const output = new Output({
      // The index of an MP4 goes to the end: nothing is held in memory for it.
      format: format === "webm" ? new WebMOutputFormat() : new Mp4OutputFormat({ fastStart: false }),
      target: new FilePathTarget(path),
    });
    const pictureSource = new EncodedVideoPacketSource(codecs.picture);
    output.addVideoTrack(pictureSource, { frameRate: fps, canBeTransparent: format === "webm" });
    const pictures = new PictureEncoder({
      webcodecs,
      source: pictureSource,
      codec: codecs.picture,
      width,
      height,
      fps,
    });
    let sounds: SoundEncoder | undefined;
    if (sound !== undefined) {
      const soundSource = new EncodedAudioPacketSource(codecs.sound);
      output.addAudioTrack(soundSource);
      sounds = new SoundEncoder({ webcodecs, source: soundSource, codec: codecs.sound, sound });
    }
    await output.start();
    return { output, pictures, sounds };
  }

  get #name(): string {
    return this.#options.name ?? this.#options.path;
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.cancel();
      if (EchoError.is(error)) throw error;
      throw new EchoError("encode-failed", { file: this.#name, reason: reasonOf(error), cause: error });
    }
  }
}
