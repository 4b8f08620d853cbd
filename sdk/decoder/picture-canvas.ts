import { copyPicture } from "./picture-copy.js";

/** A canvas of a GPU device, on which a picture becomes an ImageBitmap or a VideoFrame without a read-back. */
export class PictureCanvas {
  readonly #device: GPUDevice;
  readonly #size: { readonly width: number; readonly height: number };
  #made: { canvas: OffscreenCanvas; context: GPUCanvasContext } | undefined;

  /** Nothing is made until the first picture is drawn. The device is borrowed. */
  constructor(device: GPUDevice, size: { readonly width: number; readonly height: number }) {
    this.#device = device;
    this.#size = size;
  }

  /** Draws a straight-alpha texture of the canvas's size. The canvas is shared: take the picture from it in the same task. */
  draw(texture: GPUTexture): OffscreenCanvas {
    this.#made ??= this.#make();
    const { canvas, context } = this.#made;
    // Canvases blend premultiplied alpha, the model paints straight alpha.
    copyPicture({ device: this.#device, from: texture, to: context.getCurrentTexture(), premultiply: true });
    return canvas;
  }

  dispose(): void {
    this.#made?.context.unconfigure();
    this.#made = undefined;
  }

  #make() {
    const canvas = new OffscreenCanvas(this.#size.width, this.#size.height);
    const context = canvas.getContext("webgpu") as unknown as GPUCanvasContext; // Babylon has its own type for it
    context.configure({ device: this.#device, format: "rgba8unorm", alphaMode: "premultiplied" });
    return { canvas, context };
  }
}
