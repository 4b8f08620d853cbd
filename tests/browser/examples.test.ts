import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, openChromium } from "./chromium.js";
import { difference, takePicture } from "./picture.js";
import { startPageServer, testPack } from "./studio-server.js";

/** Generous: the pack runs on two cores that other tests use too. */
const READY_MS = 120_000;

describe.skipIf(chromiumPath === undefined)(`the examples 06 to 08 with ${testPack}`, { timeout: 400_000 }, () => {
  let server: Awaited<ReturnType<typeof startPageServer>>;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startPageServer();
    browser = await openChromium();
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  async function open(path: string, viewport: { width: number; height: number }): Promise<Page> {
    const page = await browser.newPage({ viewport });
    page.setDefaultTimeout(READY_MS);
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(server.address + path, { waitUntil: "domcontentloaded" });
    return page;
  }

  /** Waits until a part of the page looks otherwise than it did, and says by how much. */
  async function change(
    page: Page,
    name: string,
    box: Parameters<typeof difference>[2],
    least: number,
  ): Promise<number> {
    const before = await takePicture(page, `${name}-before`);
    let changed = 0;
    for (let tries = 0; tries < 60 && changed < least; tries++) {
      await page.waitForTimeout(500);
      changed = Math.max(changed, difference(before, await takePicture(page, name), box, 12));
    }
    return changed;
  }

  it("06 shows a VRM avatar that lives and speaks", async () => {
    const page = await open("06-vrm-avatar/", { width: 560, height: 560 });
    await page.locator('body[data-ready="true"]').waitFor();
    expect(await page.locator("#how").textContent()).toContain("Perfect Sync");
    await page.waitForTimeout(1_000);
    const face = { x0: 0.3, y0: 0.2, x1: 0.7, y1: 0.75 };
    const picture = await takePicture(page, "example-06");
    const [red, green, blue] = picture.at(picture.width / 2, picture.height * 0.4);
    expect(red > green && green > blue).toBe(true); // skin where the nose is
    await page.locator("#speak").click();
    const mouth = { x0: 0.4, y0: 0.5, x1: 0.6, y1: 0.72 };
    expect(await change(page, "example-06-speaking", mouth, 0.02)).toBeGreaterThanOrEqual(0.02);
    expect(await change(page, "example-06-alive", face, 0.005)).toBeGreaterThanOrEqual(0.005);
    await page.close();
  });

  it("07 opens a pack, gives it life and checks it", async () => {
    const page = await open("07-own-pack/", { width: 900, height: 620 });
    await page.locator('body[data-state="running"]').waitFor();
    expect(await page.locator("#name").textContent()).toMatch(/\S+ \d+\.\d+\.\d+/);
    expect(await page.locator("#avatar option").count()).toBeGreaterThan(0);
    await expect
      .poll(() => page.locator("#head").evaluate((canvas: HTMLCanvasElement) => canvas.width), { timeout: READY_MS })
      .not.toBe(300); // the first frame gives the canvas its size
    await takePicture(page, "example-07");
    await page.locator("#verify").click();
    await page.locator('body[data-state="verified"]').waitFor({ timeout: 240_000 });
    expect(await page.locator("#status").textContent()).toContain("every hash right");
    await page.close();
  });

  it("07 says by code what is wrong with a pack", async () => {
    const page = await open("07-own-pack/?pack=/nowhere/", { width: 900, height: 620 });
    await page.locator("#status", { hasText: "pack-not-found" }).waitFor();
    await takePicture(page, "example-07-wrong");
    await page.close();
  });

  it("08 sends the head's pictures and voice through a call", async () => {
    const page = await open("08-media-stream-webrtc/", { width: 620, height: 720 });
    await expect
      .poll(() => page.evaluate(() => Number(document.body.dataset.frames ?? 0)), { timeout: READY_MS })
      .toBeGreaterThan(5);
    const mostKbps = () => page.evaluate(() => Number(document.body.dataset.mostKbps ?? 0));
    const silentKbps = await mostKbps();
    await page.locator("#speak").click();
    await expect.poll(mostKbps, { timeout: READY_MS }).toBeGreaterThan(Math.max(8, 2 * silentKbps)); // speech, not silence
    expect(await page.evaluate(loudestArrived)).toBeGreaterThan(0.02); // and the other end decodes it
    const picture = await takePicture(page, "example-08", "#remote");
    const corner = picture.at(picture.width * 0.06, picture.height * 0.12);
    const middle = picture.at(picture.width / 2, picture.height * 0.5);
    expect(corner[1]).toBeGreaterThan(corner[0]); // the green that was asked for
    expect(Math.abs(middle[0] - corner[0]) + Math.abs(middle[1] - corner[1])).toBeGreaterThan(40); // and a head before it
    await page.locator("#hang-up").click();
    await page.close();
  });
});

/** Listens at the other end of the call for three seconds (in the page): the loudest sample that was decoded, 0..1. */
async function loudestArrived(): Promise<number> {
  const video = document.getElementById("remote") as HTMLVideoElement;
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(video.srcObject as MediaStream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  const endMs = performance.now() + 3_000;
  while (performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples);
  }
  await context.close();
  return loudest;
}
