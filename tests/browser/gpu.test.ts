import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM_ARGS } from "../../tools/chromium.mjs";
import { serveAgentPage } from "./agent-site.js";
import { chromiumPath, SOFTWARE_WEBGPU } from "./chromium.js";

describe.skipIf(chromiumPath === undefined)("pictures that stay on the GPU", { timeout: 300_000 }, () => {
  let site: Awaited<ReturnType<typeof serveAgentPage>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    site = await serveAgentPage("./gpu-page.ts");
    browser = await chromium.launch({ executablePath: chromiumPath!, args: [...CHROMIUM_ARGS, ...SOFTWARE_WEBGPU] });
    page = await browser.newPage();
    page.on("pageerror", (error) => console.error("page:", error.message));
    page.on("console", (message) => message.type() === "error" && console.error("page:", message.text()));
    await page.goto(site.url);
    await page.waitForFunction(() => window.gpuCalls !== undefined);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it.each([
    [64, "texture"], // rows that are copied together
    [16, "texture"], // rows that are copied one by one
    [64, "bitmap"],
  ] as const)("a picture %i wide comes out of its frame unchanged, as a %s", async (width, form) => {
    const { worst, released, held } = await page.evaluate((how) => window.gpuCalls.ways(...how), [
      width,
      form,
    ] as const);
    expect({ worst, released, held }).toEqual({ worst: 0, released: 1, held: 0 });
  });

  it("holds what a processor paints, in every form", async () => {
    const { kinds, lent, own, unlike } = await page.evaluate(() => window.gpuCalls.blocks());
    expect(kinds).toEqual(["memory", "texture", "bitmap"]);
    expect(lent).toBeLessThanOrEqual(1); // rounding
    expect(own).toBeLessThanOrEqual(1);
    expect(unlike).toBeGreaterThan(4);
  });

  it("crosses from the worker's GPU to the page as a bitmap", async () => {
    const seen = await page.evaluate(() => window.gpuCalls.bitmaps());
    expect(seen).toEqual(Array(4).fill({ inMemory: false, alpha: 255 }));
  });

  it("goes into Babylon's texture on Babylon's device, and goes on when that is lost", async () => {
    const { opaque, most, ...told } = await page.evaluate(() => window.gpuCalls.babylon());
    expect(told).toEqual({
      backend: "webgpu",
      state: "listening",
      width: 16,
      left: 0, // every picture was freed
      another: true,
      errors: ["gpu-device-lost"],
      downgrades: [{ from: "webgpu", to: "wasm", reason: "the only WebGPU adapter runs on the processor" }], // the LCU, in its thread
    });
    expect(most).toBeLessThanOrEqual(20); // what is under way, not what was ever made
    for (const count of opaque) expect(count).toBeGreaterThan(100); // the disc of the tiny pack
  });

  it("tells a downgrade when a lost device is the only one, and goes on in a thread", async () => {
    expect(await page.evaluate(() => window.gpuCalls.noOther())).toEqual({
      wasTexture: true,
      told: { from: "webgpu", to: "wasm", reason: "the GPU device was lost, and the page has lent no other" },
      backend: "wasm",
    });
  });
});
