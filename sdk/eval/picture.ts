import type { AffineMap } from "./identity.js";

/** An 8-bit picture, RGBA with straight alpha, row 0 on top. */
export type Picture = {
  readonly width: number;
  readonly height: number;
  /** width * height * 4 */
  readonly rgba: Uint8Array | Uint8ClampedArray;
};

/** How a network wants its pictures; kept in `<net>.json` beside the graph. Every figure of a network states it. */
export type PictureSpec = {
  /** Pixels that the network sees. */
  readonly width: number;
  readonly height: number;
  /** Values of black and white. @default [-1, 1], as pytorch-fid and ArcFace have it */
  readonly range?: readonly [black: number, white: number];
  /** @default "RGB" */
  readonly order?: "RGB" | "BGR";
  /** The part of the picture that is used, in shares of its width and height: left, top, right, bottom. @default the whole */
  readonly crop?: readonly [left: number, top: number, right: number, bottom: number];
  /** What shows through transparent pixels, 0..255. @default [214, 217, 222], the background of our MP4s */
  readonly background?: readonly [number, number, number];
};

const BACKGROUND = [214, 217, 222] as const;

/**
 * Pictures as one tensor f32 [N, 3, height, width]: bilinear, corners not aligned, no antialiasing (torch's interpolate, as pytorch-fid), the
 * proportions not kept.
 */
export function pictureTensor(pictures: readonly Picture[], spec: PictureSpec): Float32Array {
  const { width, height, range = [-1, 1], order = "RGB", crop = [0, 0, 1, 1], background = BACKGROUND } = spec;
  const plane = width * height;
  const out = new Float32Array(pictures.length * 3 * plane);
  const scale = (range[1] - range[0]) / 255;
  pictures.forEach((picture, n) => {
    const [left, top] = [crop[0] * picture.width, crop[1] * picture.height];
    const [stepX, stepY] = [
      ((crop[2] - crop[0]) * picture.width) / width,
      ((crop[3] - crop[1]) * picture.height) / height,
    ];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const colour = sample(picture, left + (x + 0.5) * stepX - 0.5, top + (y + 0.5) * stepY - 0.5, background);
        for (let c = 0; c < 3; c++) {
          const channel = order === "RGB" ? c : 2 - c;
          out[(n * 3 + channel) * plane + y * width + x] = range[0] + colour[c]! * scale;
        }
      }
  });
  return out;
}

/** The picture seen through an affine map from its pixels to the new ones, black beyond its edge (OpenCV's warpAffine with bilinear sampling). */
export function warpPicture(picture: Picture, map: AffineMap, size: { width: number; height: number }): Picture {
  const [[a, b, c], [d, e, f]] = map;
  const determinant = a * e - b * d;
  const rgba = new Uint8ClampedArray(size.width * size.height * 4);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const [u, v] = [x - c, y - f];
      const [sx, sy] = [(e * u - b * v) / determinant, (a * v - d * u) / determinant];
      const at = (y * size.width + x) * 4;
      rgba[at + 3] = 255;
      if (sx <= -1 || sy <= -1 || sx >= picture.width || sy >= picture.height) continue;
      const colour = sample(picture, sx, sy, BACKGROUND);
      for (let channel = 0; channel < 3; channel++) rgba[at + channel] = colour[channel]!;
    }
  return { ...size, rgba };
}

/** Red, green and blue at a place between pixels, over the background; beyond the edge the edge's own. */
function sample(picture: Picture, x: number, y: number, background: readonly number[]): [number, number, number] {
  const { width, height, rgba } = picture;
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const colour: [number, number, number] = [0, 0, 0];
  for (let j = 0; j < 2; j++)
    for (let i = 0; i < 2; i++) {
      const weight = (i === 0 ? 1 - (x - x0) : x - x0) * (j === 0 ? 1 - (y - y0) : y - y0);
      if (weight === 0) continue;
      const px = Math.min(width - 1, Math.max(0, x0 + i));
      const py = Math.min(height - 1, Math.max(0, y0 + j));
      const at = (py * width + px) * 4;
      const alpha = rgba[at + 3]! / 255;
      for (let c = 0; c < 3; c++) colour[c]! += weight * (rgba[at + c]! * alpha + background[c]! * (1 - alpha));
    }
  return colour;
}
