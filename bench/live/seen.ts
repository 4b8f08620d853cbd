import { type DecodedPng, decode } from "fast-png";

/** A picture of a page, and when it was composed (wall clock). */
export type Shot = { readonly atMs: number; readonly png: Uint8Array };
/** A part of a picture: left, top, width, height in shares of it. */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
/** Luminance 0..255 of a part of a picture, row by row. */
export type SeenPicture = { readonly atMs: number; readonly grey: Float32Array };

/** The pictures of a part of the page; those of another size than the last, from before the window had its own, are left out. */
export function pictures(shots: readonly Shot[], box: Box): SeenPicture[] {
  const decoded = shots.map(({ atMs, png }) => ({ atMs, image: decode(png) }));
  const last = decoded.at(-1)?.image;
  return decoded.filter(({ image }) => image.width === last?.width && image.height === last.height).map(({ atMs, image }) => ({ atMs, grey: luminance(image, box) }));
}

function luminance({ width, height, channels, data }: DecodedPng, box: Box): Float32Array {
  const [left, right] = [Math.floor(box.x * width), Math.ceil((box.x + box.width) * width)];
  const [top, bottom] = [Math.floor(box.y * height), Math.ceil((box.y + box.height) * height)];
  const grey = new Float32Array((right - left) * (bottom - top));
  let i = 0;
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const p = (y * width + x) * channels;
      grey[i++] = 0.299 * data[p]! + 0.587 * data[p + 1]! + 0.114 * data[p + 2]!;
    }
  return grey;
}

/** The lower middle of a face. */
export function mouthOf(face: Box): Box {
  return { x: face.x + 0.3 * face.width, y: face.y + 0.5 * face.height, width: 0.4 * face.width, height: 0.35 * face.height };
}

/** Mean absolute difference of luminance. */
export function difference(a: SeenPicture, b: SeenPicture): number {
  let sum = 0;
  for (let i = 0; i < a.grey.length; i++) sum += Math.abs(a.grey[i]! - b.grey[i]!);
  return sum / Math.max(1, a.grey.length);
}

/** How much each picture differs from the one before it; the first does not. */
export function changes(seen: readonly SeenPicture[]): number[] {
  return seen.map((picture, i) => (i === 0 ? 0 : difference(picture, seen[i - 1]!)));
}
