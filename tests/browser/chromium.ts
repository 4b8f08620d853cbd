import { type Browser, chromium } from "playwright-core";
import { CHROMIUM_ARGS, findChromium, HOW_TO_GET_CHROMIUM } from "../../tools/chromium.mjs";

/** The browser's path; undefined, and said aloud, where there is none: the page tests are then skipped. */
export const chromiumPath = findChromium();
if (chromiumPath === undefined) console.warn(`SKIPPED: ${HOW_TO_GET_CHROMIUM}`);

/**
 * A browser with a fresh profile, on the CPU: WebGL2 through SwiftShader, and no compositing on the GPU, which without
 * one is two thirds of the work (measured: 53 ms a frame of 1440 x 900 with it, 23 ms without).
 */
export async function openChromium(...more: readonly string[]): Promise<Browser> {
  const own = ["--use-angle=swiftshader", "--ignore-gpu-blocklist", "--disable-gpu-compositing"];
  const args = [...CHROMIUM_ARGS, ...own, ...more];
  return await chromium.launch({ executablePath: chromiumPath!, args });
}
