import { EchoError } from "../base/errors.js";
import type { Tensor } from "./tensor.js";

/** A picture in the memory of a GPU device that the page's engine has lent. */
export interface GpuPicture {
  /** rgba8unorm, straight alpha, row 0 on top; may be copied from and bound. Never written again, destroyed by `free()`. */
  readonly texture: GPUTexture;
  readonly device: GPUDevice;
  /** The picture on a canvas, premultiplied; the next picture overwrites it. */
  draw(): OffscreenCanvas;
  /** uint8 [height * width * 4], straight alpha, row 0 on top. @throws EchoError "gpu-device-lost" */
  read(): Promise<Uint8ClampedArray>;
  free(): void;
}

/** A picture where it was painted: uint8 [height * width * 4] in memory, a bitmap from another thread's GPU, or on a lent device. */
export type Picture = Uint8ClampedArray | ImageBitmap | GpuPicture;

/** Where pictures may stay: "memory" reads them back; "bitmap" can cross threads; "texture" cannot. Without a GPU they are in memory. */
export type PictureForm = "memory" | "bitmap" | "texture";

/** True for pictures in memory. */
export function isInMemory(picture: Picture): picture is Uint8ClampedArray {
  return picture instanceof Uint8ClampedArray;
}

/** The bytes of a picture in memory. @throws EchoError "picture-on-gpu" */
export function bytesOf(picture: Picture): Uint8ClampedArray {
  if (isInMemory(picture)) return picture;
  throw new EchoError("picture-on-gpu", {});
}

/** A decoder's output `rgba`, int32 [F, H, W], as uint8 [F * H * W * 4] of the same memory: red is the lowest byte of a word. */
export function rgbaBytes(tensor: Tensor | undefined): Uint8ClampedArray {
  if (tensor?.dtype !== "int32") throw new TypeError(`rgba must be an int32 tensor, not ${tensor?.dtype}`);
  const { buffer, byteOffset, byteLength } = tensor.data;
  return new Uint8ClampedArray(buffer, byteOffset, byteLength);
}
