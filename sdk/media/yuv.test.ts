import { expect, it } from "vitest";
import { rgbaOverToI420, rgbaToI420A } from "./yuv.js";

const fill = (...rgba: number[]) => Uint8ClampedArray.from({ length: 16 }, (_, i) => rgba[i % 4]!);

it.each([
  ["black", [0, 0, 0], [16, 128, 128]],
  ["white", [255, 255, 255], [235, 128, 128]],
  ["red", [255, 0, 0], [81, 90, 240]],
  ["green", [0, 255, 0], [145, 54, 34]],
  ["blue", [0, 0, 255], [41, 240, 110]],
])("%s is the value of BT.601's table", (_, rgb, yuv) => {
  const planes = rgbaToI420A(fill(...rgb, 255), 2, 2);
  expect([...planes]).toEqual([yuv[0], yuv[0], yuv[0], yuv[0], yuv[1], yuv[2], 255, 255, 255, 255]);
});

it("keeps alpha as it is and hidden colours out of the chroma", () => {
  const rgba = new Uint8ClampedArray([255, 0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0]);
  const planes = rgbaToI420A(rgba, 2, 2);
  expect([...planes.subarray(6)]).toEqual([255, 0, 0, 0]);
  expect(Math.abs(planes[4]! - 90)).toBeLessThanOrEqual(1); // red alone
  expect(Math.abs(planes[5]! - 240)).toBeLessThanOrEqual(1);
});

it("lays a picture over a background", () => {
  expect(rgbaOverToI420(fill(0, 0, 0, 0), 2, 2, [255, 255, 255])[0]).toBe(235);
  expect(rgbaOverToI420(fill(255, 255, 255, 255), 2, 2, [0, 0, 0])[0]).toBe(235);
  const half = rgbaOverToI420(fill(255, 255, 255, 128), 2, 2, [0, 0, 0])[0]!;
  expect(Math.abs(half - 126)).toBeLessThanOrEqual(1);
});
