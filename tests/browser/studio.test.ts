import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, openChromium } from "./chromium.js";
import { difference, takePicture } from "./picture.js";
import { startPageServer, testPack } from "./studio-server.js";

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
/** The face on the stage, in parts of it. */
const FACE = { x0: 0.38, y0: 0.25, x1: 0.62, y1: 0.7 };
const READY_MS = 90_000;

describe.skipIf(chromiumPath === undefined)(`the studio page with ${testPack}`, { timeout: 180_000 }, () => {
  let server: Awaited<ReturnType<typeof startPageServer>>;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    server = await startPageServer();
    browser = await openChromium();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(async () => {
    await page?.close();
  });

  /** Opens the studio and waits for its first frame. */
  async function open(viewport: { width: number; height: number }, path = ""): Promise<void> {
    page = await browser.newPage({ viewport, reducedMotion: "reduce" });
    complaints = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on(
      "response",
      (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`),
    );
    await page.goto(server.address + path);
    await page.locator("#play:not([disabled])").waitFor({ timeout: READY_MS });
    await page.locator("#loading").waitFor({ state: "hidden", timeout: READY_MS });
  }

  const row = (name: string) => page.locator(`#readout dd[data-row="${name}"]`).textContent();
  const state = (name: string) => page.locator(`#app[data-state="${name}"]`).waitFor({ timeout: READY_MS });

  it("loads isolated and without complaints, runs on WASM, and the picture moves", async () => {
    await open(DESKTOP);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.locator('#readout dd[data-row="Backend"]').waitFor();
    expect(await row("Backend")).toContain("wasm");
    await state("listening");
    const first = await takePicture(page, "desktop-idle", "#scene");
    let moved = 0;
    for (let tries = 0; tries < 10 && moved === 0; tries += 1) {
      await page.waitForTimeout(700);
      moved = difference(first, await takePicture(page, "desktop-idle-later", "#scene"), FACE);
    }
    expect(moved).toBeGreaterThan(0);
    expect(Number.parseFloat((await row("Frames shown")) ?? "0")).toBeGreaterThan(0);
    await takePicture(page, "desktop");
    expect(complaints).toEqual([]);
  });

  it("shows the background around the head and not through it", async () => {
    await open(DESKTOP);
    await page.getByRole("radio", { name: "Green screen" }).click();
    await page.waitForTimeout(1500);
    const picture = await takePicture(page, "green-screen", "#scene");
    const [red, green, blue] = picture.at(picture.width * 0.96, picture.height * 0.3);
    expect(Math.abs(red - 0)).toBeLessThan(8);
    expect(Math.abs(green - 177)).toBeLessThan(8);
    expect(Math.abs(blue - 64)).toBeLessThan(8);
    const inside = picture.at(picture.width * 0.5, picture.height * 0.5);
    expect(Math.abs(inside[1] - 177) + Math.abs(inside[0] - 0)).toBeGreaterThan(30);
    await page.getByRole("radio", { name: "Transparent" }).click();
    await page.waitForTimeout(1500);
    await takePicture(page, "transparent", "#scene");
    expect(complaints).toEqual([]);
  });

  it("listens and speaks in the sample conversation, and stops when it is told to", async () => {
    await open(DESKTOP);
    await page.locator("#play").click();
    await page.locator("#caption-user").waitFor();
    expect(await page.locator("#caption-user").textContent()).toContain("Hello");
    await page.locator("#tile").waitFor();
    await takePicture(page, "desktop-listening");
    await state("speaking");
    await page.locator("#caption-avatar").waitFor();
    await page.waitForTimeout(1200);
    await takePicture(page, "desktop-speaking");
    await page.keyboard.press("Escape");
    await state("listening");
    expect(await page.locator("#play").getAttribute("aria-label")).toContain("Play");
    expect(complaints).toEqual([]);
  });

  it("changes the avatar by keyboard, and the picture with it", async () => {
    await open(DESKTOP);
    const before = await takePicture(page, "avatar-first", "#scene");
    const chosen = page.locator('#avatars [aria-checked="true"]');
    const first = await chosen.textContent();
    await chosen.focus();
    await page.keyboard.press("ArrowRight");
    expect(await chosen.textContent()).not.toBe(first);
    let changed = 0;
    for (let tries = 0; tries < 30 && changed < 0.2; tries += 1) {
      await page.waitForTimeout(1000);
      changed = difference(before, await takePicture(page, "avatar-second", "#scene"), FACE);
    }
    expect(changed).toBeGreaterThan(0.2);
    expect(complaints).toEqual([]);
  });

  it("speaks a recording of one's own, and says in words when a file is none", async () => {
    await open(DESKTOP);
    const recording = fileURLToPath(new URL("../../fixtures/audio/speech.flac", import.meta.url));
    await page.locator("#file-input").setInputFiles(recording);
    await state("speaking");
    await page.locator("#caption-avatar", { hasText: "speech.flac" }).waitFor();
    await state("listening");
    const notes = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no sound here") };
    await page.locator("#file-input").setInputFiles(notes);
    await page.locator("#toast", { hasText: "audio-unreadable" }).waitFor();
    expect(complaints).toEqual([]);
  });

  it("opens and closes the microphone", async () => {
    await open(DESKTOP);
    await page.locator("#microphone").click();
    await page.locator("#tile", { hasText: "You" }).waitFor();
    expect(await page.locator("#microphone").getAttribute("aria-pressed")).toBe("true");
    await page.waitForTimeout(1500);
    await takePicture(page, "microphone");
    await page.locator("#microphone").click();
    await page.locator("#tile").waitFor({ state: "hidden" });
    expect(complaints).toEqual([]);
  });

  it("fits a phone: nothing scrolls sideways, every button can be reached", async () => {
    await open(PHONE);
    await page.locator("#play").click();
    await page.locator("#caption-user").waitFor();
    await takePicture(page, "phone");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    for (const id of ["play", "microphone", "file", "stop"]) {
      const box = await page.locator(`#${id}`).boundingBox();
      expect(box!.x, id).toBeGreaterThanOrEqual(0);
      expect(box!.x + box!.width, id).toBeLessThanOrEqual(PHONE.width);
      expect(Math.min(box!.width, box!.height), id).toBeGreaterThanOrEqual(40);
    }
    await page.evaluate(() => scrollTo(0, 700));
    await takePicture(page, "phone-panel");
    expect(complaints).toEqual([]);
  });

  it("says what is wrong when the model is not there", async () => {
    page = await browser.newPage({ viewport: DESKTOP });
    await page.route("**/pack/manifest.json", (route) => route.fulfill({ status: 404 }));
    await page.goto(server.address);
    await page.locator("#problem").waitFor();
    expect(await page.locator("#problem-code").textContent()).toBe("http-404");
    expect(await page.locator("#problem-text").textContent()).toContain("manifest.json");
    await takePicture(page, "problem");
  });
});
