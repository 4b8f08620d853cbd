import { EchoError } from "../base/errors.js";
import { ARKIT_BLENDSHAPES, type ArkitBlendshape } from "../protocol/arkit.js";
import { type HeadPose, POSE_FIELDS } from "../protocol/pose.js";
import type { UnclosedFrames } from "./unclosed-frames.js";

/** Whether the head speaks or listens in a frame. */
export type FrameState = "listening" | "speaking";

/** What a frame is made of. Arrays may be shared between frames and must not change after. */
export type FrameData = {
  readonly index: number;
  readonly timestampMs: number;
  readonly width: number;
  readonly height: number;
  /** uint8 [height * width * 4], straight alpha, row 0 on top. */
  readonly rgba: Uint8ClampedArray;
  /** f32 [52], ARKit order, 0..1. */
  readonly blendshapes: Float32Array;
  /** f32 [6] in the order of POSE_FIELDS. */
  readonly pose: Float32Array;
  readonly state: FrameState;
};

/**
 * One picture of the head with the coefficients and the pose that belong to it. Frames are pulled, and whoever pulled one closes it;
 * a frame that is lost unclosed is reported. After `close()` its arrays can no longer be read from it.
 */
export class EchoFrame {
  /** 0, 1, 2, ... since the agent or the render began; numbers are left out where frames were dropped. */
  readonly index: number;
  /** Milliseconds on the agent's clock at which the frame is shown. */
  readonly timestampMs: number;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Where the head is. */
  readonly pose: HeadPose;
  readonly state: FrameState;
  #data: FrameData | undefined;
  readonly #watch: UnclosedFrames | undefined;

  /** `watch` is told when the frame is lost without `close()`. */
  constructor(data: FrameData, watch?: UnclosedFrames) {
    this.index = data.index;
    this.timestampMs = data.timestampMs;
    this.width = data.width;
    this.height = data.height;
    this.state = data.state;
    this.pose = Object.fromEntries(POSE_FIELDS.map((field, i) => [field, data.pose[i]!])) as HeadPose;
    this.#data = data;
    this.#watch = watch;
    watch?.add(this);
  }

  /** uint8 [height * width * 4], straight alpha, row 0 on top; valid until `close()`. Throws EchoError `disposed` after it. */
  get rgba(): Uint8ClampedArray {
    return this.#open().rgba;
  }

  /** f32 [52], 0..1, in the order of ARKIT_BLENDSHAPES; valid until `close()`. Throws EchoError `disposed` after it. */
  get blendshapes(): Float32Array {
    return this.#open().blendshapes;
  }

  /** True after `close()`. */
  get closed(): boolean {
    return this.#data === undefined;
  }

  /** The picture as an ImageBitmap with straight alpha (browsers). The bitmap is the caller's to close. */
  async toImageBitmap(): Promise<ImageBitmap> {
    const { rgba, width, height } = this.#open();
    if (typeof createImageBitmap !== "function")
      throw new TypeError("frame.toImageBitmap() works in browsers only; use frame.rgba");
    const pixels = new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, width, height);
    return createImageBitmap(pixels, { premultiplyAlpha: "none" });
  }

  /** The picture as a VideoFrame with straight alpha (browsers with WebCodecs), for encoders and canvases. It is the caller's to close. */
  toVideoFrame(): VideoFrame {
    const { rgba, width, height, timestampMs } = this.#open();
    if (typeof VideoFrame !== "function")
      throw new TypeError("frame.toVideoFrame() works in browsers with WebCodecs only; use frame.rgba");
    const timestamp = Math.round(1_000 * timestampMs); // in microseconds
    return new VideoFrame(rgba as Uint8ClampedArray<ArrayBuffer>, {
      format: "RGBA",
      codedWidth: width,
      codedHeight: height,
      timestamp,
    });
  }

  /** The coefficients by their ARKit names, 0..1. Throws EchoError `disposed` after `close()`. */
  blendshapesByName(): Record<ArkitBlendshape, number> {
    const { blendshapes } = this.#open();
    const entries = ARKIT_BLENDSHAPES.map((name, i) => [name, blendshapes[i]!]);
    return Object.fromEntries(entries) as Record<ArkitBlendshape, number>;
  }

  /** Lets the frame's memory go. May be called again. */
  close(): void {
    if (this.#data === undefined) return;
    this.#data = undefined;
    this.#watch?.remove(this);
  }

  #open(): FrameData {
    if (this.#data === undefined) throw new EchoError("disposed", { what: `frame ${this.index}`, stage: "frame" });
    return this.#data;
  }
}
