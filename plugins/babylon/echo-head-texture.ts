import { Constants } from "@babylonjs/core/Engines/constants.js";
import "@babylonjs/core/Engines/Extensions/engine.dynamicTexture.js"; // WebGL takes bitmaps with it
import { RawTexture } from "@babylonjs/core/Materials/Textures/rawTexture.js";
import { Texture } from "@babylonjs/core/Materials/Textures/texture.js";
import { Observable, type Observer } from "@babylonjs/core/Misc/observable.js";
import type { Scene } from "@babylonjs/core/scene.js";
import { copyPicture } from "echo-head";
import { deviceOf } from "./lend-device.js";

/** What the texture needs of a frame; every `EchoFrame` of the SDK is one. */
export interface HeadFrame {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** `width * height * 4` bytes, straight alpha, row 0 on top; valid until `close()`. Not read where the frame has one of the next two. */
  readonly rgba: Uint8ClampedArray;
  /** The picture on a GPU device, which must be the engine's (`lendDevice`): rgba8unorm, straight alpha. */
  readonly texture?: GPUTexture | undefined;
  readonly device?: GPUDevice | undefined;
  /** The picture from the GPU of another thread, premultiplied. */
  readonly bitmap?: ImageBitmap | undefined;
  /** Gives the buffer back to its owner. */
  close(): void;
}

/**
 * How colour meets alpha in the texture. "straight" keeps the bytes of the frame. "premultiplied" multiplies colour by
 * alpha on the way in: use it, with a material that blends `Constants.ALPHA_PREMULTIPLIED`, where the head is scaled up,
 * because filtering between a straight-alpha edge pixel and the colour hidden behind alpha 0 leaves a rim.
 */
export type AlphaMode = "straight" | "premultiplied";

/** Options of {@link EchoHeadTexture}. */
export interface EchoHeadTextureOptions {
  /** The scene that owns the texture and whose render loop takes the frames. */
  scene: Scene;
  /** @default "EchoHead" */
  name?: string;
  /** @default "straight" */
  alpha?: AlphaMode;
}

/** Counters since the texture was made. */
export interface EchoHeadTextureStats {
  /** Frames that reached the GPU. */
  readonly shown: number;
  /** Frames that a newer one overtook before the scene was drawn. */
  readonly dropped: number;
}

/**
 * A texture that shows the newest frame of a head. It takes frames from `play()` or `show()`, uploads at most one for
 * each drawn scene frame (bound: one waiting frame, the older is dropped and counted) and closes each frame it was given.
 *
 * Row 0 of a frame is on top and Babylon's row 0 is at the bottom: the texture flips in its UV transform (`vScale` -1),
 * which costs nothing, instead of `invertY`, which costs a pass on WebGPU.
 */
export class EchoHeadTexture<Frame extends HeadFrame = HeadFrame> extends RawTexture {
  /** Told after the upload and before the frame is closed: read its blendshapes and pose here, in step with the picture. */
  readonly onFrameShownObservable = new Observable<Frame>();
  readonly alphaMode: AlphaMode;
  #waiting: Frame | null = null;
  #shown = 0;
  #dropped = 0;
  #epoch = 0;
  #ended = false;
  #premultiplied = new Uint8ClampedArray(0);
  /** GPU devices that the engine has had. */
  readonly #devices = new WeakSet<GPUDevice>();
  readonly #observer: Observer<Scene>;

  constructor(options: EchoHeadTextureOptions) {
    const alpha = options.alpha ?? "straight";
    if (alpha !== "straight" && alpha !== "premultiplied") {
      throw new TypeError('options.alpha must be "straight" or "premultiplied"');
    }
    // One clear pixel until the first frame: the scene shows nothing, not black.
    const clear = new Uint8Array(4);
    super(clear, 1, 1, Constants.TEXTUREFORMAT_RGBA, options.scene, false, false, Texture.BILINEAR_SAMPLINGMODE);
    this.name = options.name ?? "EchoHead";
    this.alphaMode = alpha;
    this.hasAlpha = true;
    this.vScale = -1; // v' = 1 - v
    this.vOffset = 1;
    const device = deviceOf(options.scene.getEngine());
    if (device) this.#devices.add(device);
    this.#observer = options.scene.onBeforeRenderObservable.add(() => this.#upload());
  }

  /** Frames shown and dropped. */
  get stats(): EchoHeadTextureStats {
    return { shown: this.#shown, dropped: this.#dropped };
  }

  /** True while a frame waits to be drawn: a page that saves power draws its scene only then. */
  get hasNewFrame(): boolean {
    return this.#waiting !== null;
  }

  /**
   * Hands over one frame; it is drawn with the next scene frame unless a newer one comes first. The texture closes it.
   * @throws TypeError when the buffer does not hold width * height RGBA pixels, or when the picture is where the engine cannot take it.
   */
  show(frame: Frame): void {
    if (this.#ended) {
      frame.close();
      return;
    }
    if (this.#isFromBefore(frame)) {
      frame.close();
      this.#dropped += 1;
      return;
    }
    const refusal = this.#refuse(frame);
    if (refusal !== undefined) {
      frame.close();
      throw new TypeError(refusal);
    }
    if (this.#waiting) {
      this.#waiting.close();
      this.#dropped += 1;
    }
    this.#waiting = frame;
  }

  /**
   * Pulls frames until the source ends, another `play()` begins or the texture is disposed. The source is not disposed:
   * whoever made the agent ends it.
   */
  async play(frames: AsyncIterable<Frame>): Promise<void> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    for await (const frame of frames) {
      if (epoch !== this.#epoch) {
        frame.close();
        return;
      }
      this.show(frame);
    }
  }

  /** Frees the texture, the waiting frame and the observer; the scene calls it when it is disposed. Safe to call twice. */
  override dispose(): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#epoch += 1;
      this.#observer.remove();
      this.#waiting?.close();
      this.#waiting = null;
      this.onFrameShownObservable.clear();
    }
    super.dispose();
  }

  #upload(): void {
    const frame = this.#waiting;
    if (!frame) return;
    this.#waiting = null;
    if (this.#isFromBefore(frame)) {
      frame.close();
      this.#dropped += 1;
      return;
    }
    try {
      this.#fit(frame);
      if (frame.texture || frame.bitmap) this.#take(frame);
      else this.update(this.alphaMode === "premultiplied" ? this.#premultiply(frame.rgba) : bytesOf(frame.rgba));
      this.#shown += 1;
      this.onFrameShownObservable.notifyObservers(frame);
    } finally {
      frame.close();
    }
  }

  /** A picture on a device that the engine had and lost. */
  #isFromBefore({ device }: Frame): boolean {
    const now = deviceOf(this._getEngine()!);
    if (now) this.#devices.add(now);
    return device !== undefined && device !== now && this.#devices.has(device);
  }

  /** Why the engine cannot show a frame. */
  #refuse(frame: Frame): string | undefined {
    const device = deviceOf(this._getEngine()!);
    if (frame.texture) {
      if (frame.device === device) return undefined;
      return "frame.texture is on another GPU device than the engine: make the agent with backend: lendDevice(engine)";
    }
    if (frame.bitmap) {
      if (device !== undefined || this.alphaMode === "premultiplied") return undefined;
      return 'frame.bitmap is premultiplied, and WebGL takes it as it is: options.alpha must be "premultiplied"';
    }
    if (frame.rgba.length === frame.width * frame.height * 4) return undefined;
    return `frame.rgba must hold width * height * 4 bytes (${frame.width} x ${frame.height})`;
  }

  /** A picture that is on a GPU goes from there into the texture. */
  #take({ texture, bitmap, width, height }: Frame): void {
    const engine = this._getEngine()!;
    const internal = this.getInternalTexture()!;
    const premultiplied = this.alphaMode === "premultiplied";
    const device = deviceOf(engine);
    if (device === undefined) {
      engine.updateDynamicTexture(internal, bitmap!, false, premultiplied);
      return;
    }
    const target = internal._hardwareTexture!.underlyingResource as GPUTexture;
    if (texture) copyPicture({ device, from: texture, to: target, premultiply: premultiplied });
    else
      device.queue.copyExternalImageToTexture(
        { source: bitmap! },
        { texture: target, premultipliedAlpha: premultiplied },
        [width, height],
      );
  }

  /** Makes a new GPU texture when the size of the frames changes (another avatar, another pack). */
  #fit(frame: Frame): void {
    const size = this.getSize();
    if (size.width === frame.width && size.height === frame.height) return;
    const engine = this._getEngine();
    if (!engine) return;
    this.releaseInternalTexture();
    this._texture = engine.createRawTexture(
      null,
      frame.width,
      frame.height,
      Constants.TEXTUREFORMAT_RGBA,
      false,
      false,
      Texture.BILINEAR_SAMPLINGMODE,
    );
    this.wrapU = Texture.CLAMP_ADDRESSMODE;
    this.wrapV = Texture.CLAMP_ADDRESSMODE;
  }

  #premultiply(straight: Uint8ClampedArray): Uint8Array {
    if (this.#premultiplied.length !== straight.length) this.#premultiplied = new Uint8ClampedArray(straight.length);
    const out = this.#premultiplied;
    for (let i = 0; i < straight.length; i += 4) {
      const alpha = straight[i + 3]! / 255;
      out[i] = straight[i]! * alpha; // the clamped array rounds
      out[i + 1] = straight[i + 1]! * alpha;
      out[i + 2] = straight[i + 2]! * alpha;
      out[i + 3] = straight[i + 3]!;
    }
    return bytesOf(out);
  }
}

/** The same bytes as a Uint8Array, which WebGL takes for UNSIGNED_BYTE; no copy. */
function bytesOf(clamped: Uint8ClampedArray): Uint8Array {
  return new Uint8Array(clamped.buffer, clamped.byteOffset, clamped.byteLength);
}
