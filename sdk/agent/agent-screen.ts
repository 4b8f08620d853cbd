import type { EchoFrame } from "../frame/echo-frame.js";
import type { FrameQueueCounters } from "../frame/frame-queue.js";
import { type CaptureStreamOptions, streamFrames } from "../frame/frame-stream.js";
import { holdPicture, letPictureGo } from "../frame/held-pictures.js";
import type { PlayoutClock } from "../frame/playout-clock.js";
import { UnclosedFrames } from "../frame/unclosed-frames.js";
import type { ReadyFrames } from "./block-painter.js";
import type { BlockTimes } from "./block-times.js";
import { FrameHub } from "./frame-hub.js";
import type { QualityControl } from "./quality-control.js";

/** Pixels of a picture. */
export type PictureSize = { readonly width: number; readonly height: number };

/** What an {@link AgentScreen} needs of its agent. */
export type AgentScreenHost = {
  readonly clock: PlayoutClock;
  readonly times: BlockTimes;
  readonly quality: QualityControl;
  /** Of the pictures that come from the generator. */
  readonly size: PictureSize;
  /** When the agent was asked for, by `performance.now()`. */
  readonly createdMs: number;
  /** Whether something is spoken at that time. */
  speakingAt(timestampMs: number): boolean;
  warn(message: string): void;
};

/** What is shown next: the pictures and the motion of a block become frames, which every consumer pulls when their time has come. */
export class AgentScreen {
  readonly #host: AgentScreenHost;
  readonly #hub: FrameHub;
  #size: PictureSize;
  #frames = 0;
  #firstFrameMs = 0;

  constructor(host: AgentScreenHost) {
    this.#host = host;
    this.#size = host.size;
    const report = (count: number): void => host.warn(`${count} frames were thrown away without close()`);
    this.#hub = new FrameHub({ clock: host.clock, watch: new UnclosedFrames({ report }) });
  }

  /** Frames made since the beginning, and from the making of the agent to the first of them, in ms. */
  get counters(): FrameQueueCounters & { readonly frames: number; readonly firstFrameMs: number } {
    return { ...this.#hub.counters(), frames: this.#frames, firstFrameMs: this.#firstFrameMs };
  }

  /** The frames from now on, for one more consumer. */
  frames(): AsyncIterableIterator<EchoFrame> {
    return this.#hub.open();
  }

  /** The same, as a stream of the browser. */
  captureStream(options?: CaptureStreamOptions): MediaStream {
    return streamFrames(this.#hub.open(), this.#host.clock.captureStream?.(), options);
  }

  /** Hands out frames of a block. */
  show(block: number, { from, to, rgba, motion }: ReadyFrames): void {
    const { times, quality, speakingAt, createdMs } = this.#host;
    const { blockFrames, frameMs } = times;
    for (const picture of rgba) holdPicture(picture); // until the frames hold them
    const pictures = quality.take(rgba, to - from);
    const part = (values: Float32Array, f: number): Float32Array =>
      values.subarray((f * values.length) / blockFrames, ((f + 1) * values.length) / blockFrames);
    for (let f = from; f < to; f++) {
      const timestampMs = times.startMs(block) + f * frameMs;
      this.#frames += 1;
      this.#hub.push({
        index: block * blockFrames + f,
        timestampMs,
        ...this.#size,
        rgba: pictures[f - from]!,
        blendshapes: part(motion.blendshapes, f),
        pose: part(motion.pose, f),
        state: speakingAt(timestampMs) ? "speaking" : "listening",
      });
    }
    for (const picture of rgba) letPictureGo(picture);
    this.#firstFrameMs ||= performance.now() - createdMs;
  }

  /** Takes back the frames from `timeMs` on. */
  discardFrom(timeMs: number): void {
    this.#hub.discardFrom(timeMs);
  }

  /** Pictures that come from now on have another size. */
  resize({ width, height }: PictureSize): void {
    if (width !== this.#size.width || height !== this.#size.height) this.#host.quality.forgetPicture();
    this.#size = { width, height };
  }

  /** Ends every consumer's loop, with an error if there was one. */
  close(failure?: Error): void {
    this.#hub.close(failure);
    this.#host.quality.forgetPicture();
  }
}
