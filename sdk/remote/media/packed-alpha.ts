/**
 * Pictures with alpha for codecs without it: planes Y, U, V (4:2:0) of twice the height, colour above, alpha below as luma. BT.601,
 * limited range (ITU-R BT.601-7 sec. 2.5.1), in whole numbers of 16 bits fraction. The receiver does not ask the codec for the colour
 * space: encoders report a wrong one.
 */

/** Bytes of the planes of a picture of `width` x `height`: that of I420 of twice the height. */
export function packedLength(width: number, height: number): number {
  return width * height * 3;
}

/** Throws a `TypeError` for sides that 4:2:0 cannot have. */
export function checkPackable(width: number, height: number): void {
  if (width % 2 !== 0 || height % 2 !== 0)
    throw new TypeError(`video needs even sides, the pictures have ${width} x ${height}`);
}

/** Alpha 0..255 as luma 16..235. */
const LUMA_OF_ALPHA = Uint8Array.from({ length: 256 }, (_, alpha) => Math.round(16 + (alpha * 219) / 255));
/** The other way; what a codec makes of the range's ends is cut off. */
const ALPHA_OF_LUMA = Uint8ClampedArray.from({ length: 256 }, (_, luma) => ((luma - 16) * 255) / 219);

/**
 * Straight-alpha RGBA, uint8 [h*w*4], into `planes`, uint8 [3*h*w]: Y of w x 2h, then U and V of w/2 x h each. The chroma of a 2 x 2 cell is
 * the mean of its colours weighted by their alpha, so that hidden colours do not bleed over the edge of the head.
 */
export function packAlpha(rgba: Uint8ClampedArray, width: number, height: number, planes: Uint8Array): void {
  const size = width * height;
  const half = width >> 1;
  const u = 2 * size;
  const v = u + size / 2;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let total = 0;
      for (let k = 0; k < 4; k++) {
        const pixel = (y + (k >> 1)) * width + x + (k & 1);
        const r = rgba[4 * pixel]!;
        const g = rgba[4 * pixel + 1]!;
        const b = rgba[4 * pixel + 2]!;
        const a = rgba[4 * pixel + 3]!;
        planes[pixel] = (16_829 * r + 33_039 * g + 6_416 * b + 1_081_344) >> 16; // Y' = 16 + 65.481 R' + 128.553 G' + 24.966 B'
        planes[size + pixel] = LUMA_OF_ALPHA[a]!;
        const weight = a + 1; // a cell that cannot be seen at all takes its plain mean
        red += weight * r;
        green += weight * g;
        blue += weight * b;
        total += weight;
      }
      const cell = (y >> 1) * half + (x >> 1);
      planes[u + cell] = 128.5 + (-0.148223 * red - 0.290992 * green + 0.439215 * blue) / total; // C'b, 16..240
      planes[v + cell] = 128.5 + (0.439215 * red - 0.367789 * green - 0.071426 * blue) / total; // C'r, 16..240
    }
  }
  const below = size / 4; // chroma of the half that holds alpha: grey
  planes.fill(128, u + below, u + 2 * below);
  planes.fill(128, v + below, v + 2 * below);
}

/** Planes of a decoded picture, as a codec lays them out. */
export type YuvPlanes = {
  readonly data: Uint8Array;
  /** "I420": U and V in planes of their own; "NV12": U and V in turn in one plane. */
  readonly format: "I420" | "NV12";
  /** Offset and stride in bytes of each plane. */
  readonly layout: readonly { readonly offset: number; readonly stride: number }[];
};

/** The other end of {@link packAlpha}: straight-alpha RGBA, uint8 [h*w*4], of a decoded picture of `width` x 2 `height`. */
export function unpackAlpha(planes: YuvPlanes, width: number, height: number): Uint8ClampedArray {
  const { data, format, layout } = planes;
  const rgba = new Uint8ClampedArray(width * height * 4);
  const luma = layout[0]!;
  const step = format === "NV12" ? 2 : 1;
  const blueAt = layout[1]!;
  const redAt = format === "NV12" ? { offset: blueAt.offset + 1, stride: blueAt.stride } : layout[2]!;
  for (let y = 0; y < height; y++) {
    const lumaRow = luma.offset + y * luma.stride;
    const alphaRow = luma.offset + (y + height) * luma.stride;
    const blueRow = blueAt.offset + (y >> 1) * blueAt.stride;
    const redRow = redAt.offset + (y >> 1) * redAt.stride;
    for (let x = 0; x < width; x++) {
      const chroma = (x >> 1) * step;
      const cb = data[blueRow + chroma]! - 128;
      const cr = data[redRow + chroma]! - 128;
      const l = 76_309 * (data[lumaRow + x]! - 16) + 32_768; // 255 / 219
      const i = 4 * (y * width + x);
      rgba[i] = (l + 104_597 * cr) >> 16; // R' = 1.164 Y + 1.596 Cr; the array cuts off what is beyond 0..255
      rgba[i + 1] = (l - 25_675 * cb - 53_279 * cr) >> 16;
      rgba[i + 2] = (l + 132_201 * cb) >> 16;
      rgba[i + 3] = ALPHA_OF_LUMA[data[alphaRow + x]!]!;
    }
  }
  return rgba;
}
