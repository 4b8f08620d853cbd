import { EchoError, reasonOf } from "../base/errors.js";
import type { GpuPicture } from "../protocol/picture.js";
import type { Tensor } from "../protocol/tensor.js";
import { heldTensor, releaseTensor } from "../runtime/held-tensors.js";
import { PictureCanvas } from "./picture-canvas.js";

/** WebGPU copies several rows between a buffer and a texture only where a row is a multiple of so many bytes. */
const ROW_ALIGNMENT = 256;

/** Pictures of one size that a decoder left on a GPU, in a form that a frame can carry. */
export class GpuPictures {
  readonly #device: GPUDevice;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #form: "bitmap" | "texture";
  readonly #canvas: PictureCanvas;
  /** Where bitmaps are drawn from. */
  #passing: GPUTexture | undefined;

  /** Bitmaps can be given to another thread; textures stay on the device. The device is borrowed. */
  constructor(options: {
    readonly device: GPUDevice;
    readonly form: "bitmap" | "texture";
    readonly width: number;
    readonly height: number;
  }) {
    const { device, form, width, height } = options;
    this.#device = device;
    this.#form = form;
    this.#size = { width, height };
    this.#canvas = new PictureCanvas(device, { width, height });
  }

  /** The pictures of `rgba`, int32 [count, height, width] on the GPU, which is released. The caller owns them. Nothing is read back. */
  take(rgba: Tensor, count: number): (ImageBitmap | GpuPicture)[] {
    const buffer = heldTensor(rgba)!.gpuBuffer as GPUBuffer;
    try {
      return Array.from({ length: count }, (_, picture) =>
        this.#form === "texture" ? this.#takeTexture(buffer, picture) : this.#takeBitmap(buffer, picture),
      );
    } finally {
      releaseTensor(rgba); // what was submitted is done before the memory serves anybody else
    }
  }

  dispose(): void {
    this.#passing?.destroy();
    this.#canvas.dispose();
  }

  #takeTexture(buffer: GPUBuffer, picture: number): GpuPicture {
    const texture = this.#createTexture();
    this.#copy(buffer, picture, texture);
    const [device, canvas] = [this.#device, this.#canvas];
    return {
      texture,
      device,
      draw: () => canvas.draw(texture),
      read: () => readTexture(device, texture),
      free: () => texture.destroy(),
    };
  }

  #takeBitmap(buffer: GPUBuffer, picture: number): ImageBitmap {
    this.#passing ??= this.#createTexture();
    this.#copy(buffer, picture, this.#passing);
    return this.#canvas.draw(this.#passing).transferToImageBitmap();
  }

  #createTexture(): GPUTexture {
    const { COPY_DST, COPY_SRC, TEXTURE_BINDING } = GPUTextureUsage;
    return this.#device.createTexture({
      label: "echo-head picture",
      size: this.#size,
      format: "rgba8unorm",
      usage: COPY_DST | COPY_SRC | TEXTURE_BINDING,
    });
  }

  #copy(buffer: GPUBuffer, picture: number, texture: GPUTexture): void {
    const { width, height } = this.#size;
    const bytesPerRow = 4 * width;
    const rows = bytesPerRow % ROW_ALIGNMENT === 0 ? height : 1;
    const commands = this.#device.createCommandEncoder();
    for (let y = 0; y < height; y += rows)
      commands.copyBufferToTexture(
        { buffer, offset: (picture * height + y) * bytesPerRow, ...(rows > 1 && { bytesPerRow }) },
        { texture, origin: [0, y] },
        [width, rows],
      );
    this.#device.queue.submit([commands.finish()]);
  }
}

/** The bytes of an rgba8unorm texture, row 0 first. @throws EchoError "gpu-device-lost" */
async function readTexture(device: GPUDevice, texture: GPUTexture): Promise<Uint8ClampedArray> {
  const { width, height } = texture;
  const bytesPerRow = Math.ceil((4 * width) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const buffer = device.createBuffer({
    size: bytesPerRow * height,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  try {
    const commands = device.createCommandEncoder();
    commands.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
    device.queue.submit([commands.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const padded = new Uint8Array(buffer.getMappedRange());
    const rgba = new Uint8ClampedArray(4 * width * height);
    for (let y = 0; y < height; y++)
      rgba.set(padded.subarray(y * bytesPerRow, y * bytesPerRow + 4 * width), 4 * width * y);
    return rgba;
  } catch (error) {
    throw new EchoError("gpu-device-lost", { reason: reasonOf(error), cause: error });
  } finally {
    buffer.destroy();
  }
}
