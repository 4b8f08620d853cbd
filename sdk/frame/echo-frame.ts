import { EchoError } from "../base/errors.js";
import { ARKIT_BLENDSHAPES, type ArkitBlendshape } from "../protocol/arkit.js";
import { bytesOf, isInMemory, type Picture } from "../protocol/picture.js";
import { type HeadPose, POSE_FIELDS } from "../protocol/pose.js";
import { holdPicture, letPictureGo } from "./held-pictures.js";
import type { UnclosedFrames } from "./unclosed-frames.js";

/** Whether the head speaks or listens in a frame. */
export type FrameState = "listening" | "speaking";

/** What a frame is made of. Arrays may be shared between frames and must not change after. */
export type FrameData = {
  readonly index: number;
  readonly timestampMs: number;
  readonly width: number;
  readonly height: number;
  /** Straight alpha, row 0 on top; frames that share a picture on a GPU free it with the last of them. */
  readonly rgba: Picture;
  /** f32 [52], ARKit order, 0..1. */
  readonly blendshapes: Float32Array;
  /** f32 [6] in the order of POSE_FIELDS. */
  readonly pose: Float32Array;
  readonly state: FrameState;
};

/**
 * One picture of the head with the coefficients and the pose that belong to it. Frames are pulled, and whoever pulled one closes it;
 * a frame that is lost unclosed is reported. After `close()` its arrays can no longer be read from it, and its place on a GPU is free.
 *
 * The picture is in memory (`rgba`), unless the agent was made to leave it on the GPU: then it is a `bitmap`, or a `texture` on the device
 * that the page has lent. `readRgba()`, `toImageBitmap()` and `toVideoFrame()` work for all of them.
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
    holdPicture(data.rgba);
    this.#watch = watch;
    watch?.add(this);
  }

  /**
   * uint8 [height * width * 4], straight alpha, row 0 on top; valid until `close()`. Throws EchoError `disposed` after it, and
   * `picture-on-gpu` where the picture is not in memory.
   */
  get rgba(): Uint8ClampedArray {
    return bytesOf(this.#open().rgba);
  }

  /** The picture on the device that the page has lent: rgba8unorm, straight alpha, row 0 on top, not to be written; valid until `close()`. */
  get texture(): GPUTexture | undefined {
    const picture = this.#open().rgba;
    return "texture" in picture ? picture.texture : undefined;
  }

  /** The device of `texture`. */
  get device(): GPUDevice | undefined {
    const picture = this.#open().rgba;
    return "texture" in picture ? picture.device : undefined;
  }

  /** The picture as it came from the GPU of the model's thread, premultiplied; valid until `close()`. */
  get bitmap(): ImageBitmap | undefined {
    const picture = this.#open().rgba;
    return "close" in picture ? picture : undefined;
  }

  /**
   * The picture as `rgba` gives it, from wherever it is: this reads it back from a GPU. Of a bitmap what is hidden by alpha is lost, and
   * pale pixels are rounded. Throws EchoError `gpu-device-lost`.
   */
  async readRgba(): Promise<Uint8ClampedArray> {
    const { rgba: picture, width, height } = this.#open();
    if (isInMemory(picture)) return picture;
    if ("texture" in picture) return picture.read();
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, width, height).data;
  }

  /** f32 [52], 0..1, in the order of ARKIT_BLENDSHAPES; valid until `close()`. Throws EchoError `disposed` after it. */
  get blendshapes(): Float32Array {
    return this.#open().blendshapes;
  }

  /** True after `close()`. */
  get closed(): boolean {
    return this.#data === undefined;
  }

  /** The picture as an ImageBitmap (browsers), with straight alpha if it was in memory. The bitmap is the caller's to close. */
  async toImageBitmap(): Promise<ImageBitmap> {
    const { rgba, width, height } = this.#open();
    if (typeof createImageBitmap !== "function")
      throw new TypeError("frame.toImageBitmap() works in browsers only; use frame.rgba");
    if ("texture" in rgba) return rgba.draw().transferToImageBitmap();
    if (!isInMemory(rgba)) return createImageBitmap(rgba);
    const pixels = new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, width, height);
    return createImageBitmap(pixels, { premultiplyAlpha: "none" });
  }

  /** The picture as a VideoFrame with straight alpha (browsers with WebCodecs), for encoders and canvases. It is the caller's to close. */
  toVideoFrame(): VideoFrame {
    const { rgba, width, height, timestampMs } = this.#open();
    if (typeof VideoFrame !== "function")
      throw new TypeError("frame.toVideoFrame() works in browsers with WebCodecs only; use frame.rgba");
    const timestamp = Math.round(1_000 * timestampMs); // in microseconds
    if (!isInMemory(rgba)) return new VideoFrame("texture" in rgba ? rgba.draw() : rgba, { timestamp, alpha: "keep" });
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
    letPictureGo(this.#data.rgba);
    this.#data = undefined;
    this.#watch?.remove(this);
  }

  #open(): FrameData {
    if (this.#data === undefined) throw new EchoError("disposed", { what: `frame ${this.index}`, stage: "frame" });
    return this.#data;
  }
}
