import { type AssetOptions, type AudioChunk, EchoError, type EchoFrame, readMicrophone } from "echo-head";
import {
  type AudioCodec,
  BufferTarget,
  getFirstEncodableAudioCodec,
  getFirstEncodableVideoCodec,
  Mp4OutputFormat,
  Output,
  type VideoCodec,
  VideoSample,
  VideoSampleSource,
  WebMOutputFormat,
} from "mediabunny";
import { type PlacedSound, SamplePlacer } from "./sample-placer.js";
import { SoundTrack } from "./sound-track.js";

/** "webm": VP9 with an alpha channel and Opus. "mp4": over a plain background, H.264 and AAC where the browser has them. */
export type RecordingFormat = "webm" | "mp4";

/** What is recorded; an EchoAgent is one. */
export interface RecordableAgent {
  /** Milliseconds on the agent's clock. */
  readonly nowMs: number;
  /** Its frames from now on. */
  frames(): AsyncIterableIterator<EchoFrame>;
}

/** What is heard with it; a SpeechPlayer is one. */
export interface SoundSource {
  /** The context that plays. */
  readonly context: AudioContext;
  /** A stream with one audio track. */
  captureStream(): MediaStream;
}

/** Options of {@link HeadRecorder.start}. */
export type RecordingOptions = {
  readonly agent: RecordableAgent;
  readonly format: RecordingFormat;
  /** The agent's clock, where it is a SpeechPlayer. @default a silent film */
  readonly player?: SoundSource | undefined;
  /** CSS colour behind the head in an MP4, which has no transparency. @default "#d6d9de" */
  readonly background?: string | undefined;
  /** Where the audio worklet is, if a bundler has moved it: the same as for EchoAgent.create. */
  readonly assets?: AssetOptions | undefined;
};

/** A finished film. */
export type Recording = {
  /** The file. */
  readonly blob: Blob;
  /** Where its first picture stands on the agent's clock, for captions and cuts. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Pictures in it; frames that show the same picture as the one before are no pictures of their own. */
  readonly pictures: number;
  readonly pictureCodec: string;
  /** null: it has no sound. */
  readonly soundCodec: string | null;
};

/** Bits for one pixel of one frame: about 0.8 Mb/s at 256 x 256 and 25 fps. */
const BITS_PER_PIXEL = 0.5;
const FPS = 25;
/** Seconds from one picture that can be sought to the next. */
const KEY_INTERVAL_S = 2;
const PICTURE_CODECS = { webm: ["vp9"], mp4: ["avc", "hevc", "vp9", "av1"] } as const satisfies Record<
  string,
  VideoCodec[]
>;
const SOUND_CODECS = { webm: ["opus"], mp4: ["aac", "opus"] } as const satisfies Record<string, AudioCodec[]>;
/** Chunks of sound that wait for the first picture: 5 s. */
const MAX_EARLY = 250;
/** One stream for all recordings of a player: each that it gives costs it a node. */
const STREAMS = new WeakMap<SoundSource, MediaStream>();

/** The file that is written. */
type Open = {
  readonly output: Output<WebMOutputFormat | Mp4OutputFormat, BufferTarget>;
  readonly pictures: VideoSampleSource;
  readonly pictureCodec: VideoCodec;
  readonly sound: SoundTrack | null;
  readonly soundCodec: AudioCodec | null;
  readonly zeroMs: number;
};

/**
 * Records an agent (browsers with WebCodecs) while it lives: its pictures as they are shown, what is heard with them, on one clock. The file is
 * held in memory, about 8 MB for a minute at 256 x 256. A machine that is too slow for it loses pictures of the film, and says so in their number.
 *
 *     const recorder = await HeadRecorder.start({ agent, format: "webm", player });
 *     const { blob } = await recorder.stop();
 */
export class HeadRecorder {
  readonly format: RecordingFormat;
  readonly #agent: RecordableAgent;
  readonly #player: SoundSource | undefined;
  readonly #background: string;
  readonly #assets: AssetOptions | undefined;
  readonly #placer = new SamplePlacer();
  #running: Promise<void> = Promise.resolve();
  #frames: AsyncIterableIterator<EchoFrame> | undefined;
  #open: Open | undefined;
  #stopSound: () => void = () => {};
  #sampleRateHz = 0;
  #early: PlacedSound[] = [];
  #failure: unknown;
  #pictures = 0;
  #endMs = 0;
  #lastPicture: object | null = null;
  #canvas: OffscreenCanvas | undefined;
  #stopped: Promise<Recording> | undefined;

  private constructor(options: RecordingOptions) {
    this.format = options.format;
    this.#agent = options.agent;
    this.#player = options.player;
    this.#assets = options.assets;
    this.#background = options.background ?? "#d6d9de";
  }

  /**
   * Begins with the next frame. Throws a `TypeError` for a bad option or where there is no WebCodecs, EchoError `encode-failed` when the
   * browser has no encoder for the format, and `microphone-unavailable` when the sound cannot be read.
   */
  static async start(options: RecordingOptions): Promise<HeadRecorder> {
    if (options.format !== "webm" && options.format !== "mp4")
      throw new TypeError(`options.format must be "webm" or "mp4", not ${JSON.stringify(options.format)}`);
    if (typeof VideoEncoder !== "function")
      throw new TypeError("HeadRecorder works in browsers with WebCodecs only; elsewhere use echo-head render");
    if ((await getFirstEncodableVideoCodec([...PICTURE_CODECS[options.format]])) === null)
      throw failed(options.format, "this browser has no encoder for it");
    const recorder = new HeadRecorder(options);
    await recorder.#hear();
    recorder.#running = recorder.#run();
    return recorder;
  }

  /** Length of the film so far, in ms. */
  get durationMs(): number {
    return this.#open ? this.#endMs - this.#open.zeroMs : 0;
  }

  /** Ends the film and gives it; also after the agent has ended. Throws EchoError `encode-failed`. */
  stop(): Promise<Recording> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  /** Ends it and throws the film away. */
  async cancel(): Promise<void> {
    await this.#end();
    await this.#open?.output.cancel().catch(() => {});
  }

  async #end(): Promise<void> {
    this.#stopSound();
    await this.#frames?.return?.();
    await this.#running;
    this.#endMs = Math.max(this.#endMs, this.#agent.nowMs); // the last picture stands until now
  }

  async #finish(): Promise<Recording> {
    await this.#end();
    const open = this.#open;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      if (open === undefined) throw new Error("there was not one picture");
      this.#place(this.#placer.flush());
      await open.sound?.finish(this.#endMs);
      await open.output.finalize();
    } catch (error) {
      await open?.output.cancel().catch(() => {});
      throw failed(this.format, error instanceof Error ? error.message : String(error), error);
    }
    const { output, pictureCodec, soundCodec } = open;
    return {
      blob: new Blob([output.target.buffer!], { type: this.format === "webm" ? "video/webm" : "video/mp4" }),
      startMs: open.zeroMs,
      durationMs: this.durationMs,
      pictures: this.#pictures,
      pictureCodec,
      soundCodec,
    };
  }

  async #hear(): Promise<void> {
    const player = this.#player;
    if (player === undefined) return;
    let stream = STREAMS.get(player);
    if (stream === undefined) {
      stream = player.captureStream();
      STREAMS.set(player, stream);
    }
    const probe = new AudioContext(); // the stream is read at this rate, whatever the player's is
    this.#sampleRateHz = probe.sampleRate;
    await probe.close();
    this.#stopSound = await readMicrophone(stream, (chunk) => this.#takeSound(chunk, player), this.#assets);
  }

  #takeSound({ pcm, sampleRateHz }: AudioChunk, { context }: SoundSource): void {
    // The stream runs ahead of the loudspeaker, and the clock tells what the loudspeaker gives.
    const aheadMs = 1_000 * (context.outputLatency || context.baseLatency || 0);
    const placed = this.#placer.add(pcm, sampleRateHz, this.#agent.nowMs + aheadMs);
    this.#place(placed);
  }

  #place(chunks: readonly PlacedSound[]): void {
    if (this.#open === undefined) this.#early = [...this.#early, ...chunks].slice(-MAX_EARLY);
    else for (const chunk of chunks) this.#open.sound?.add(chunk);
  }

  /** Takes frames until there are no more. */
  async #run(): Promise<void> {
    this.#frames = this.#agent.frames();
    try {
      for await (const frame of this.#frames) {
        try {
          await this.#take(frame);
        } catch (error) {
          this.#failure = error;
          return;
        } finally {
          frame.close();
        }
      }
    } catch {
      // The agent failed, and told so itself: the film ends here.
    }
  }

  async #take(frame: EchoFrame): Promise<void> {
    if (this.#open === undefined) {
      this.#open = await this.#begin(frame);
      this.#place(this.#early.splice(0));
    }
    const { zeroMs, pictures, sound } = this.#open;
    this.#endMs = frame.timestampMs + 1_000 / FPS;
    sound?.follow(frame.timestampMs);
    const picture = frame.bitmap ?? frame.texture ?? frame.rgba; // wherever it is
    if (picture === this.#lastPicture) return; // it stands until the next one
    this.#lastPicture = picture;
    const timing = { timestamp: Math.max(0, frame.timestampMs - zeroMs) / 1_000, duration: 1 / FPS };
    const sample =
      this.format === "webm" ? new VideoSample(frame.toVideoFrame(), timing) : await this.#flat(frame, timing);
    try {
      await pictures.add(sample);
      this.#pictures += 1;
    } finally {
      sample.close();
    }
  }

  async #begin({ width, height, timestampMs }: EchoFrame): Promise<Open> {
    const { format } = this;
    const bitrate = Math.round(width * height * FPS * BITS_PER_PIXEL);
    const pictureCodec = await getFirstEncodableVideoCodec([...PICTURE_CODECS[format]], { width, height, bitrate });
    if (pictureCodec === null) throw new Error(`no encoder for ${width} x ${height}`);
    const output = new Output({
      format: format === "webm" ? new WebMOutputFormat() : new Mp4OutputFormat({ fastStart: "in-memory" }),
      target: new BufferTarget(),
    });
    const alpha = format === "webm";
    const pictures = new VideoSampleSource({
      codec: pictureCodec,
      bitrate,
      alpha: alpha ? "keep" : "discard",
      keyFrameInterval: KEY_INTERVAL_S,
      sizeChangeBehavior: "contain", // another avatar may have another size
    });
    output.addVideoTrack(pictures, { canBeTransparent: alpha });
    const soundCodec = this.#player === undefined ? null : await getFirstEncodableAudioCodec([...SOUND_CODECS[format]]);
    let sound: SoundTrack | null = null;
    if (soundCodec !== null) {
      sound = new SoundTrack({ codec: soundCodec, sampleRateHz: this.#sampleRateHz, zeroMs: timestampMs });
      output.addAudioTrack(sound.source);
    }
    await output.start();
    return { output, pictures, pictureCodec, sound, soundCodec, zeroMs: timestampMs };
  }

  /** The picture over the background. */
  async #flat(frame: EchoFrame, timing: { timestamp: number; duration: number }): Promise<VideoSample> {
    const { width, height } = frame;
    if (this.#canvas?.width !== width || this.#canvas.height !== height)
      this.#canvas = new OffscreenCanvas(width, height);
    const context = this.#canvas.getContext("2d", { alpha: false })!;
    const bitmap = await frame.toImageBitmap();
    context.fillStyle = this.#background;
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return new VideoSample(this.#canvas, timing);
  }
}

function failed(format: RecordingFormat, reason: string, cause?: unknown): EchoError {
  return new EchoError("encode-failed", { file: `the ${format} recording`, reason, cause, stage: "plugin" });
}
