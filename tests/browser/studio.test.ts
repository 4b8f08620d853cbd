import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, openChromium } from "./chromium.js";
import { difference, takePicture } from "./picture.js";
import { startPageServer, testPack } from "./studio-server.js";

const DESKTOP = { width: 1100, height: 720 };
const PHONE = { width: 390, height: 844 };
/** The face on the stage, in parts of it. */
const FACE = { x0: 0.38, y0: 0.25, x1: 0.62, y1: 0.7 };
const READY_MS = 90_000;

describe.skipIf(chromiumPath === undefined)(`the studio page with ${testPack}`, { timeout: 240_000 }, () => {
  let server: Awaited<ReturnType<typeof startPageServer>>;
  let browser: Browser;
  /** The page of most tests: each leaves it listening. Errors of any page come to `complaints`. */
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startPageServer();
    browser = await openChromium();
    page = await open(DESKTOP);
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  /** Opens the studio and waits for its first frame. */
  async function open(viewport: { width: number; height: number }): Promise<Page> {
    const opened = await browser.newPage({ viewport, reducedMotion: "reduce" });
    opened.setDefaultTimeout(READY_MS);
    opened.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    opened.on("pageerror", (error) => complaints.push(String(error)));
    opened.on(
      "response",
      (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`),
    );
    await opened.goto(server.address, { waitUntil: "domcontentloaded" });
    await opened.locator("#play:not([disabled])").waitFor();
    await opened.locator("#loading").waitFor({ state: "hidden" });
    return opened;
  }

  const row = (name: string) => page.locator(`#readout dd[data-row="${name}"]`).textContent();
  const state = (name: string) => page.locator(`#app[data-state="${name}"]`).waitFor();

  it("is isolated, runs on WASM, and the picture moves", async () => {
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await row("Backend")).toBe("wasm");
    await state("listening");
    const first = await takePicture(page, "idle", "#scene");
    let moved = 0;
    for (let tries = 0; tries < 20 && moved === 0; tries += 1) {
      await page.waitForTimeout(700);
      moved = difference(first, await takePicture(page, "idle-later", "#scene"), FACE, 1);
    }
    expect(moved).toBeGreaterThan(0);
    expect(Number.parseFloat((await row("First frame after")) ?? "0")).toBeGreaterThan(0);
    await takePicture(page, "desktop");
  });

  it("shows the background around the head and not through it", async () => {
    await page.getByRole("radio", { name: "Green screen" }).click();
    await page.waitForTimeout(1500);
    const picture = await takePicture(page, "green-screen", "#scene");
    const [red, green, blue] = picture.at(picture.width * 0.96, picture.height * 0.3);
    expect([Math.abs(red - 0) < 8, Math.abs(green - 177) < 8, Math.abs(blue - 64) < 8]).toEqual([true, true, true]);
    const inside = picture.at(picture.width * 0.5, picture.height * 0.55);
    expect(Math.abs(inside[0] - 0) + Math.abs(inside[1] - 177)).toBeGreaterThan(30);
    await page.getByRole("radio", { name: "Transparent" }).click();
    await page.waitForTimeout(1500);
    await takePicture(page, "transparent", "#scene");
    await page.getByRole("radio", { name: "Studio" }).click();
  });

  it("listens and speaks in the sample conversation, and stops when it is told to", async () => {
    await page.locator("#play").click();
    await page.locator("#caption-user", { hasText: "Hello" }).waitFor();
    await page.locator("#tile").waitFor();
    await takePicture(page, "listening");
    await state("speaking");
    await page.locator("#caption-avatar", { hasText: "Good morning" }).waitFor();
    await page.waitForTimeout(1200);
    await takePicture(page, "speaking");
    await page.locator("#stop").click();
    await state("listening");
    expect(await page.locator("#play").getAttribute("aria-label")).toContain("Play");
    expect(await page.locator("#tile").isHidden()).toBe(true);
  });

  it("changes the avatar by keyboard, and the picture with it", async () => {
    const before = await takePicture(page, "avatar-first", "#scene");
    const chosen = page.locator('#avatars [aria-checked="true"]');
    const first = await chosen.textContent();
    await chosen.focus();
    await page.keyboard.press("ArrowRight");
    expect(await chosen.textContent()).not.toBe(first);
    let changed = 0;
    for (let tries = 0; tries < 60 && changed < 0.2; tries += 1) {
      await page.waitForTimeout(1000);
      changed = difference(before, await takePicture(page, "avatar-second", "#scene"), FACE, 20);
    }
    expect(changed).toBeGreaterThan(0.2);
    await state("listening");
  });

  it("speaks a recording of one's own, and says in words when a file is none", async () => {
    const recording = fileURLToPath(new URL("../../fixtures/audio/speech.flac", import.meta.url));
    await page.locator("#file-input").setInputFiles(recording);
    await page.locator("#caption-avatar", { hasText: "speech.flac" }).waitFor();
    await state("speaking");
    await state("listening");
    const notes = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no sound here") };
    await page.locator("#file-input").setInputFiles(notes);
    await page.locator("#toast", { hasText: "audio-unreadable" }).waitFor();
  });

  it("opens and closes microphone and camera", async () => {
    await page.locator("#microphone").click();
    await page.locator("#tile", { hasText: "heard" }).waitFor();
    expect(await page.locator("#microphone").getAttribute("aria-pressed")).toBe("true");
    await page.locator("#camera").click();
    await page.locator("#tile", { hasText: "heard, seen" }).waitFor();
    await takePicture(page, "microphone-and-camera");
    await page.locator("#microphone").click();
    await page.locator("#camera").click();
    await page.locator("#tile").waitFor({ state: "hidden" });
  });

  it("fits a phone: nothing scrolls sideways, every button can be reached", async () => {
    const phone = await open(PHONE);
    await phone.locator("#play").click();
    await phone.locator("#caption-user", { hasText: "Hello" }).waitFor();
    await takePicture(phone, "phone");
    expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    for (const id of ["play", "microphone", "camera", "file", "stop"]) {
      const box = (await phone.locator(`#${id}`).boundingBox())!;
      expect(box.x, id).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width, id).toBeLessThanOrEqual(PHONE.width);
      expect(Math.min(box.width, box.height), id).toBeGreaterThanOrEqual(40);
    }
    await phone.evaluate(() => scrollTo(0, 700));
    await takePicture(phone, "phone-panel");
    await phone.close();
  });

  it("shows the ten lines of 01-hello-head at work", async () => {
    const hello = await browser.newPage({ viewport: { width: 480, height: 480 } });
    hello.on("pageerror", (error) => complaints.push(String(error)));
    await hello.goto(`${server.address}01-hello-head/`, { waitUntil: "domcontentloaded" });
    const empty = await takePicture(hello, "hello-empty");
    let shown = 0;
    for (let tries = 0; tries < 60 && shown < 0.5; tries += 1) {
      await hello.waitForTimeout(1000);
      shown = difference(empty, await takePicture(hello, "hello"), FACE, 8);
    }
    expect(shown).toBeGreaterThanOrEqual(0.5);
    await hello.close();
  });

  it("says what is wrong when the model is not there", async () => {
    const broken = await browser.newPage({ viewport: DESKTOP });
    await broken.route("**/pack/manifest.json", (route) => route.fulfill({ status: 404 }));
    await broken.goto(server.address, { waitUntil: "domcontentloaded" });
    await broken.locator("#problem[open]").waitFor({ timeout: READY_MS });
    expect(await broken.locator("#problem-code").textContent()).toBe("http-404");
    expect(await broken.locator("#problem-text").textContent()).toContain("manifest.json");
    await takePicture(broken, "problem");
    await broken.close();
  });
});
