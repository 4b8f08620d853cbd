import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import type { Page } from "playwright-core";

const folder = fileURLToPath(new URL("../../build/screenshots/", import.meta.url));

/** What a page looks like: pixels from the top left corner, in CSS pixels of a scale-1 page. */
export type Picture = {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, 0..255. */
  at(x: number, y: number): readonly [number, number, number];
};

/** Takes a picture, and leaves it in build/screenshots for people to look at. */
export async function takePicture(page: Page, name: string, selector?: string): Promise<Picture> {
  const png = selector ? await page.locator(selector).screenshot() : await page.screenshot();
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}.png`, png);
  const { width, height, data, channels } = decode(png);
  return {
    width,
    height,
    at: (x, y) => {
      const i = (Math.round(y) * width + Math.round(x)) * channels;
      return [data[i]!, data[i + 1]!, data[i + 2]!];
    },
  };
}

/**
 * Share of the pixels in a box (parts of width and height) that differ in some colour.
 * @param least by how much of 255 at least
 */
export function difference(
  a: Picture,
  b: Picture,
  box: { x0: number; y0: number; x1: number; y1: number },
  least: number,
): number {
  let changed = 0;
  let all = 0;
  for (let y = Math.round(box.y0 * a.height); y < box.y1 * a.height; y += 2) {
    for (let x = Math.round(box.x0 * a.width); x < box.x1 * a.width; x += 2) {
      const [p, q] = [a.at(x, y), b.at(x, y)];
      all += 1;
      if (p.some((value, i) => Math.abs(value - q[i]!) >= least)) changed += 1;
    }
  }
  return changed / all;
}
