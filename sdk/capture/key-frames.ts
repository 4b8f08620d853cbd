/** Longer side of a key frame in pixels: enough for a face, little to send. */
const SIZE = 320;
/** JPEG quality. */
const QUALITY = 0.75;
/** Key frames that are kept. */
const MOST = 3;
/** Time between two of them, in ms. */
const EVERY_MS = 5_000;

/**
 * A few small pictures of the user of the last seconds, for a model that can see. Only made where the caller opted in. Bound: 3
 * pictures, the oldest dropped.
 */
export class KeyFrames {
  readonly #pictures: string[] = [];
  #nextMs = Number.NEGATIVE_INFINITY;

  /** Keeps a picture when it is time; the image stays the caller's. */
  async offer(image: ImageBitmap | VideoFrame, timeMs: number): Promise<void> {
    if (timeMs < this.#nextMs) return;
    this.#nextMs = timeMs + EVERY_MS;
    const [width, height] =
      "displayWidth" in image ? [image.displayWidth, image.displayHeight] : [image.width, image.height];
    const scale = Math.min(1, SIZE / Math.max(width, height));
    const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    this.#pictures.push(`data:image/jpeg;base64,${btoa(text)}`);
    if (this.#pictures.length > MOST) this.#pictures.shift();
  }

  /** Data addresses, oldest first. */
  pictures(): readonly string[] {
    return [...this.#pictures];
  }
}
