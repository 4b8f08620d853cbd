import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { decode } from "fast-png";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { FakeAgent } from "../../plugins/obs/fake-agent.fixture.js";
import { type Overlay, type OverlayOptions, serveOverlay } from "../../plugins/obs/index.js";
import { RenderServer } from "../../sdk/remote/server/index.js";
import { chromiumPath, openChromium } from "../browser/chromium.js";

const WAIT = { timeout: 60_000, interval: 200 };
const screenshots = fileURLToPath(new URL("../../build/screenshots/", import.meta.url));

/** A picture with its alpha: what OBS composites. */
async function transparentPicture(page: Page, name: string) {
  const png = await page.screenshot({ omitBackground: true });
  mkdirSync(screenshots, { recursive: true });
  writeFileSync(`${screenshots}${name}.png`, png);
  const { width, data, channels } = decode(png);
  return (x: number, y: number): readonly number[] => {
    const at = (y * width + x) * channels;
    return [data[at]!, data[at + 1]!, data[at + 2]!, channels === 4 ? data[at + 3]! : 255];
  };
}

describe.skipIf(chromiumPath === undefined)("the overlay page", { timeout: 240_000 }, () => {
  let script: string;
  let browser: Browser;
  let overlay: Overlay | undefined;
  let page: Page;
  let agent: FakeAgent | undefined;
  const complaints: string[] = [];

  beforeAll(async () => {
    const bundle = await build({
      entryPoints: [fileURLToPath(new URL("../../plugins/obs/page/main.ts", import.meta.url))],
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "chrome103", // as the build makes it
    });
    script = bundle.outputFiles[0]!.text;
    browser = await openChromium();
  }, 240_000);
  afterEach(async () => {
    await page?.close();
    await overlay?.dispose();
    complaints.length = 0;
  });
  afterAll(() => browser?.close());

  async function serve(options: Partial<OverlayOptions> = {}): Promise<void> {
    overlay = await serveOverlay({
      port: 0,
      packs: ["fixtures/tiny-pack"],
      pageScript: script,
      open: async (request, clock) => {
        agent = new FakeAgent(request, clock);
        return agent;
      },
      synthesize: async function* (text) {
        const pcm = Float32Array.from({ length: 48 * 100 * text.length }, (_, i) => 0.3 * Math.sin(i / 20));
        yield { pcm, sampleRateHz: 48_000 };
      },
      ...options,
    });
  }

  /** Opens the page as OBS does: with its API, 128 x 128 pixels. */
  async function open(query: string, inObs = true): Promise<void> {
    page = await browser.newPage({ viewport: { width: 128, height: 128 } });
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    if (inObs) await page.addInitScript("globalThis.obsstudio = { pluginVersion: '2.26.8' }");
    await page.goto(`${overlay!.url}${query}`);
  }
  const live = () => page.locator("#head.live").waitFor({ timeout: 60_000 });
  const health = async () => (await overlay!.health()).heads[0]?.pages[0];
  const say = (text: string) => fetch(`${overlay!.url}say`, { method: "POST", body: JSON.stringify({ text }) });

  it("shows the head with its alpha, over whatever lies behind it", async () => {
    await serve();
    await open("");
    await live();
    await page.waitForTimeout(600); // faded in
    const clear = await transparentPicture(page, "overlay-transparent");
    // The disc of 64 pixels fills 128: twice the size, standing on the lower edge.
    expect(clear(2, 2)[3]).toBe(0);
    expect(clear(64, 30)).toEqual([220, 30, 20, 255]);
    const half = clear(64, 100);
    expect(Math.abs(half[3]! - 128)).toBeLessThan(3);
    expect(Math.abs(half[1]! - 200)).toBeLessThan(5);
    await page.addStyleTag({ content: "html { background: rgb(0, 0, 255) !important }" });
    const over = await transparentPicture(page, "overlay-over-blue");
    expect(over(2, 2)).toEqual([0, 0, 255, 255]);
    const [red, green, blue] = over(64, 100);
    expect([Math.abs(red! - 15) < 5, Math.abs(green! - 100) < 5, Math.abs(blue! - 137) < 5]).toEqual([
      true,
      true,
      true,
    ]);
    await expect.poll(async () => (await health())?.fps, WAIT).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });

  it("mirrors and scales as its address says", async () => {
    await serve();
    await open("?mirror&scale=1");
    await live();
    await page.waitForTimeout(600);
    const picture = await transparentPicture(page, "overlay-mirrored");
    expect(picture(64, 50)[3]).toBe(0); // 64 pixels high now
    expect(picture(64, 80)).toEqual([220, 30, 20, 255]);
    expect(picture(40, 88).slice(0, 2)).toEqual([220, 30]); // yellow stands on the left, but for the mirror
    expect(picture(88, 88).slice(0, 2)).toEqual([230, 220]);
  });

  it("plays the voice and shows what is said with it, and stops both", async () => {
    await serve();
    await open("?captions&debug");
    await live();
    await say("Hello, everybody out there!");
    const caption = page.locator("#captions.on");
    await caption.waitFor({ timeout: 60_000 });
    expect(await caption.textContent()).toBe("Hello, everybody out there!");
    expect((await health())!.sound).toBe(true);
    await expect.poll(() => page.locator("#hud").textContent(), WAIT).toMatch(/sound running.*OBS 2\.26\.8/s);
    await transparentPicture(page, "overlay-caption");
    await page.locator("#captions:not(.on)").waitFor({ state: "attached", timeout: 60_000 });
    await say("A story without an end. ".repeat(20));
    await caption.waitFor({ timeout: 60_000 });
    await fetch(`${overlay!.url}interrupt`, { method: "POST" });
    await page.locator("#captions:not(.on)").waitFor({ state: "attached", timeout: 60_000 });
    expect(complaints).toEqual([]);
  });

  /** What OBS's browser source tells its page. */
  const tell = (name: string, detail: object) =>
    page.evaluate(([event, data]) => void dispatchEvent(new CustomEvent(event, { detail: data })), [
      name,
      detail,
    ] as const);

  it("follows what OBS says of the source", async () => {
    await serve();
    await open("");
    await live();
    await tell("obsSourceActiveChanged", { active: false });
    await tell("obsSourceVisibleChanged", { visible: false });
    await expect.poll(async () => (await health())!.visible, WAIT).toBe(false);
    const { sent } = (await health())!;
    await page.waitForTimeout(500);
    expect((await health())!.sent - sent).toBeLessThanOrEqual(1);
    await tell("obsSourceVisibleChanged", { visible: true });
    await expect.poll(async () => (await health())!.sent - sent, WAIT).toBeGreaterThan(3);
  });

  it("counts a source that is on air as seen, whether or not it is visible", async () => {
    await serve();
    await open("");
    await live();
    await tell("obsSourceVisibleChanged", { visible: false });
    await tell("obsSourceActiveChanged", { active: false });
    await expect.poll(async () => (await health())!.visible, WAIT).toBe(false);
    await tell("obsSourceActiveChanged", { active: true });
    const { sent } = (await health())!;
    await expect.poll(async () => (await health())!.sent - sent, WAIT).toBeGreaterThan(3);
  });

  it("shows the pack and the avatar that its address names", async () => {
    await serve();
    await open("?pack=tiny&avatar=kofi&debug");
    await live();
    await expect.poll(() => page.locator("#hud").textContent(), WAIT).toMatch(/tiny\/kofi/);
    expect((await overlay!.health()).heads).toMatchObject([{ pack: "tiny", avatar: "kofi" }]);
    await page.goto(`${overlay!.url}?pack=other&debug`);
    await expect.poll(() => page.locator("#hud").textContent(), WAIT).toMatch(/pack-not-found: .*started with tiny/);
  });

  it("shows a head from the render server that its address names", async () => {
    const server = await RenderServer.start({ pack: "fixtures/tiny-pack", port: 0, log: () => {} });
    try {
      await serve({ open: undefined });
      await open(`?remote=${encodeURIComponent(server.url)}`);
      await live();
      expect((await overlay!.health()).heads).toMatchObject([{ backend: "remote (cpu)" }]);
      expect(server.sessions).toBe(1);
    } finally {
      await overlay!.dispose();
      await server.dispose();
    }
  });

  it("fades out when the companion is gone, and comes back with it", async () => {
    await serve();
    await open("?debug");
    await live();
    const { port } = overlay!;
    await overlay!.dispose();
    await page.locator("#head:not(.live)").waitFor({ state: "attached", timeout: 60_000 });
    await expect.poll(() => page.locator("#hud").textContent(), WAIT).toMatch(/no companion/);
    expect(complaints.some((text) => text.includes("no companion"))).toBe(true); // in OBS's log
    await serve({ port });
    await live();
  });

  it("says what is wrong where a streamer looks", async () => {
    await serve();
    await open("?avatar=nobody&debug");
    await expect.poll(() => page.locator("#hud").textContent(), WAIT).toMatch(/avatar-not-found: .*nobody/);
    expect(complaints.join()).toMatch(/nobody.*\[avatar-not-found\]/);
    await page.goto(`${overlay!.url}?scale=huge`);
    await expect.poll(() => page.title(), WAIT).toMatch(/\?scale must be a number/);
  });

  it("shows a generated head", async () => {
    await serve({ open: undefined, packs: ["echo-nano"] });
    page = await browser.newPage({ viewport: { width: 512, height: 512 } });
    await page.goto(`${overlay!.url}?captions`);
    await live();
    await page.addStyleTag({ content: "html { background: linear-gradient(#2a9d8f, #e9c46a) !important }" });
    await page.waitForTimeout(1_000);
    const picture = await transparentPicture(page, "overlay-generated");
    expect(picture(4, 4)[3]).toBe(255); // the gradient, not black
    const [corner, face] = [picture(20, 250), picture(256, 250)];
    expect(Math.abs(face[0]! - corner[0]!) + Math.abs(face[1]! - corner[1]!)).toBeGreaterThan(40);
  });
});
