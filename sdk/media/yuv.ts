/**
 * Pictures as the encoders take them: 4:2:0 planes, BT.601 matrix, limited range (ITU-R BT.601-7 sec. 2.5.1). We convert ourselves and
 * name the colour space: given RGBA, the encoder of @napi-rs/webcodecs 1.3.1 marks VP9 profile 0 as RGB, which no decoder takes.
 */
export const VIDEO_COLOR_SPACE = {
  primaries: "bt709",
  transfer: "iec61966-2-1",
  matrix: "smpte170m",
  fullRange: false,
} as const;

/** Bytes of a picture with an alpha plane (I420A) or without (I420). Width and height are even. */
export function yuvLength(width: number, height: number, alpha: boolean): number {
  return (width * height * (alpha ? 5 : 3)) / 2;
}

/**
 * Straight-alpha RGBA to planes Y, U, V, A: uint8 [h*w*4] -> [h*w*5/2]. The chroma of a 2 x 2 cell is the mean of its colours weighted
 * by their alpha, so hidden colours do not bleed over the edge of the head.
 */
export function rgbaToI420A(rgba: Uint8ClampedArray, width: number, height: number): Uint8Array {
  const planes = new Uint8Array(yuvLength(width, height, true));
  const alphaPlane = planes.subarray((width * height * 3) / 2);
  for (let i = 0; i < alphaPlane.length; i++) alphaPlane[i] = rgba[4 * i + 3]!;
  fillPlanes(planes, rgba, width, height, (alpha) => alpha + 1e-3);
  return planes;
}

/** RGBA over a plain background to planes Y, U, V: uint8 [h*w*4] -> [h*w*3/2]. */
export function rgbaOverToI420(
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  background: readonly [number, number, number],
): Uint8Array {
  const opaque = new Uint8ClampedArray(rgba.length);
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]! / 255;
    for (let c = 0; c < 3; c++) opaque[i + c] = rgba[i + c]! * alpha + background[c]! * (1 - alpha);
    opaque[i + 3] = 255;
  }
  const planes = new Uint8Array(yuvLength(width, height, false));
  fillPlanes(planes, opaque, width, height, () => 1);
  return planes;
}

function fillPlanes(
  planes: Uint8Array,
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  weightOf: (alpha: number) => number,
): void {
  const u = width * height;
  const v = u + u / 4;
  let cell = 0;
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2, cell++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let total = 0;
      for (let k = 0; k < 4; k++) {
        const pixel = (y + (k >> 1)) * width + x + (k & 1);
        const r = rgba[4 * pixel]!;
        const g = rgba[4 * pixel + 1]!;
        const b = rgba[4 * pixel + 2]!;
        planes[pixel] = 16.5 + (65.481 * r + 128.553 * g + 24.966 * b) / 255; // Y' of eq. (1), 16..235
        const weight = weightOf(rgba[4 * pixel + 3]!);
        red += weight * r;
        green += weight * g;
        blue += weight * b;
        total += 255 * weight;
      }
      planes[u + cell] = 128.5 + (-37.797 * red - 74.203 * green + 112 * blue) / total; // C'b, 16..240
      planes[v + cell] = 128.5 + (112 * red - 93.786 * green - 18.214 * blue) / total; // C'r, 16..240
    }
  }
}
