import { type Browser, chromium } from "playwright-core";
import { CHROMIUM_ARGS, findChromium, HOW_TO_GET_CHROMIUM } from "../../tools/chromium.mjs";

/** The browser's path; undefined, and said aloud, where there is none: the page tests are then skipped. */
export const chromiumPath = findChromium();
if (chromiumPath === undefined) console.warn(`SKIPPED: ${HOW_TO_GET_CHROMIUM}`);

/** WebGPU on a processor: right answers, no speed. Without the last two switches the GPU process dies when a WebGPU canvas is shown. */
export const SOFTWARE_WEBGPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];

/**
 * A browser with a fresh profile, on the CPU: WebGL2 through SwiftShader, and no compositing on the GPU, which without
 * one is two thirds of the work (measured: 53 ms a frame of 1440 x 900 with it, 23 ms without).
 */
export async function openChromium(...more: readonly string[]): Promise<Browser> {
  const own = ["--use-angle=swiftshader", "--ignore-gpu-blocklist", "--disable-gpu-compositing"];
  const args = [...CHROMIUM_ARGS, ...own, ...more];
  return await chromium.launch({ executablePath: chromiumPath!, args });
}
