import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ARKIT_BLENDSHAPES } from "../../sdk/index.js";
import { ChatServer, refused, streamed } from "../../sdk/lcu/endpoint/chat-server.fixture.js";
import { chromiumPath, openChromium } from "./chromium.js";
import { difference, takePicture } from "./picture.js";
import { hasFfmpeg, meanDifference, readFilm } from "./read-film.js";
import { startPageServer, testPack } from "./studio-server.js";

const DESKTOP = { width: 1100, height: 720 };
const PHONE = { width: 390, height: 844 };
/** The face on the stage, in parts of it. */
const FACE = { x0: 0.38, y0: 0.25, x1: 0.62, y1: 0.7 };
const READY_MS = 90_000;

describe.skipIf(chromiumPath === undefined)(`the studio page with ${testPack}`, { timeout: 240_000 }, () => {
  let server: Awaited<ReturnType<typeof startPageServer>>;
  let browser: Browser;
  let chat: ChatServer;
  /** The page of most tests: each leaves it listening. Errors of any page come to `complaints`. */
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startPageServer();
    chat = await ChatServer.start();
    browser = await openChromium();
    page = await open(DESKTOP);
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await chat?.stop();
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
    await page.locator("#tab-live").click();
    expect(await page.locator("#log").textContent()).toContain("Started on wasm");
    expect(await page.locator("#backend-status").textContent()).toMatch(/^WebAssembly/);
    await state("listening");
    const first = await takePicture(page, "idle", "#scene");
    let moved = 0;
    for (let tries = 0; tries < 20 && moved === 0; tries += 1) {
      await page.waitForTimeout(700);
      moved = difference(first, await takePicture(page, "idle-later", "#scene"), FACE, 1);
    }
    expect(moved).toBeGreaterThan(0);
    expect(Number.parseFloat((await row("First frame after")) ?? "0")).toBeGreaterThan(0);
    expect(await row("Lips against voice")).toMatch(/ms (before|after), worst/);
    await page.locator("#tab-head").click();
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

  it("shows on which step of the ladder it stands, says why, and keeps a step that is chosen", async () => {
    await page.locator("#tab-live").click();
    await page.locator("#ladder .rung[data-now]").waitFor();
    await takePicture(page, "live");
    const frames = page.locator('#log li:has-text("Started on")');
    await page.getByRole("radio", { name: "Eighth" }).click();
    await expect.poll(() => frames.count(), { timeout: READY_MS }).toBe(2);
    await page.locator('#ladder .rung[data-id="eighth-rate"][data-now][aria-checked="true"]').waitFor();
    await page.locator("#verdict", { hasText: "Fixed at" }).waitFor();
    await state("listening");
  });

  it("says in words that WebGPU is not here, and goes on where it was", async () => {
    await page.locator("#tab-live").click();
    expect(await page.locator("#backend-status").textContent()).toContain("webgpu was not to be had");
    await page.getByRole("radio", { name: "WebGPU" }).click();
    await page.locator("#toast", { hasText: "backend-unavailable" }).waitFor();
    await page.locator('#backends [data-id="auto"][aria-checked="true"]').waitFor();
    const before = await row("Frames shown");
    expect(before).not.toBeNull();
    await state("listening");
  });

  it("shows the mood of what is said, read by the built-in list", async () => {
    await page.locator("#tab-mood").click();
    await page.locator("#say-text").fill("My dog died this morning, I am so sad.");
    await page.keyboard.press("Enter");
    await page.locator("#affect", { hasText: /concerned|sympathetic/ }).waitFor();
    await takePicture(page, "mood");
  });

  it("asks a language model, key and thoughts and all, and says in words what goes wrong", async () => {
    await page.locator("#tab-mood").click();
    await page.getByRole("radio", { name: "A language model" }).click();
    await page.locator("#endpoint-url").fill(chat.url);
    await page.locator("#endpoint-model").fill("thinker");
    await page.locator("#endpoint-key").fill("sesame");
    const status = page.locator("#reader-status");
    chat.answers = [refused(401, "Incorrect API key provided")];
    await page.locator("#endpoint-use").click();
    await page.locator('#reader-status[data-tone="wrong"]').waitFor();
    expect(await status.textContent()).toContain("Incorrect API key provided");
    await takePicture(page, "mood-refused");
    complaints.splice(0); // the browser, too, tells of the 401

    chat.answers = [streamed("<think>A job! They will be glad. Not sad.</think>joyful, very excited")];
    await page.locator("#endpoint-use").click();
    await page.locator('#reader-status[data-tone="right"]', { hasText: "joyful" }).waitFor();
    expect(chat.requests.at(-1)).toMatchObject({
      authorization: "Bearer sesame",
      body: { model: "thinker", stream: true },
    });
    expect(await page.locator("#privacy").textContent()).toContain(new URL(chat.url).host);

    await page.locator("#say-text").fill("Guess who passed the exam!");
    await page.keyboard.press("Enter");
    await page.locator("#affect", { hasText: "joyful" }).waitFor();
    expect(JSON.stringify(chat.requests.at(-1)!.body.messages)).toContain("Guess who passed the exam!");
    expect(JSON.stringify(chat.requests.at(-1)!.body.messages)).not.toContain("image_url");
    await takePicture(page, "mood-model");

    await page.locator("#endpoint-url").fill("http://127.0.0.1:9/v1"); // nobody there
    await page.locator("#endpoint-use").click();
    await page.locator('#reader-status[data-tone="wrong"]', { hasText: "Nobody answers" }).waitFor();
    complaints.splice(0);
    await page.getByRole("radio", { name: "Built in" }).click();
    expect(await page.locator("#privacy").textContent()).toContain("Nothing");
    await state("listening");
  });

  it.skipIf(!hasFfmpeg).each(["webm", "mp4"] as const)(
    "films the head to %s: moving pictures and its voice",
    async (format) => {
      await page.locator("#tab-output").click();
      await page.locator(`#formats [data-id="${format}"]`).click();
      await page.locator("#record").click();
      await page.locator('#record[aria-pressed="true"]').waitFor();
      const recording = fileURLToPath(new URL("../../fixtures/audio/speech.flac", import.meta.url));
      await page.locator("#file-input").setInputFiles(recording);
      await state("speaking");
      await page.locator("#record-pill").waitFor();
      await takePicture(page, `recording-${format}`);
      await state("listening");
      await page.locator("#record").click();
      await page.locator("#film").waitFor();
      await takePicture(page, `film-${format}`);
      const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#film-save").click()]);
      expect(download.suggestedFilename()).toBe(`head.${format}`);
      const film = readFilm((await download.path())!);
      expect(film.pictures.length).toBeGreaterThan(1); // few on a machine that is busy with other things
      const [first] = film.pictures;
      expect(film.pictures.some((picture) => meanDifference(picture, first!) > 0.2)).toBe(true); // it moves
      expect(film.loudest).toBeGreaterThan(0.05); // and it is heard
      expect(film.transparent).toBe(format === "webm");
      if (format === "webm") {
        expect(film.alphaAt(0.03, 0.03)).toBeLessThan(10); // a corner is clear
        expect(film.alphaAt(0.5, 0.5)).toBeGreaterThan(245); // the face is not
      }
      await state("listening");
    },
  );

  it("gives a stream of itself to a second video", async () => {
    await page.locator("#tab-output").click();
    await page.locator("#stream").click();
    const video = page.locator("#stream-video");
    await expect
      .poll(() => video.evaluate((each: HTMLVideoElement) => each.videoWidth), { timeout: READY_MS })
      .toBeGreaterThan(0);
    const time = () => video.evaluate((each: HTMLVideoElement) => each.getVideoPlaybackQuality().totalVideoFrames);
    const before = await time();
    await expect.poll(time, { timeout: READY_MS }).toBeGreaterThan(before);
    expect(await page.locator("#stream-status").textContent()).toContain("with its voice");
    await takePicture(page, "stream");
    await page.locator("#stream").click();
    await page.locator("#stream-box").waitFor({ state: "hidden" });
  });

  it("names the blendshapes, and hands them out as JSON", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.locator("#tab-face").click();
    await takePicture(page, "face");
    await page.locator("#copy-face").click();
    await page.locator("#toast", { hasText: "clipboard" }).waitFor();
    const face = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as Record<string, number>;
    expect(Object.keys(face)).toEqual([...ARKIT_BLENDSHAPES]);
    expect(Object.values(face).every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it("is worked by keys alone: tabs by arrows, pages in order, fields keep their letters", async () => {
    await page.locator("#tab-head").focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#tab-mood").getAttribute("aria-selected")).toBe("true");
    await page.locator("#page-mood").waitFor();
    await page.locator("#say-text").focus();
    await page.keyboard.type("mm cc");
    expect(await page.locator("#say-text").inputValue()).toBe("mm cc");
    expect(await page.locator("#microphone").getAttribute("aria-pressed")).toBe("false");
    await page.locator("#say-text").fill("");
    await page.locator("#tab-mood").focus();
    await page.keyboard.press("Home");
    await page.locator("#page-head").waitFor();
  });

  it("has a light and a dark page", async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.locator("#tab-head").click();
    await page.getByRole("radio", { name: "Light", exact: true }).click();
    const light = await ground();
    await takePicture(page, "light");
    await page.getByRole("radio", { name: "Dark", exact: true }).click();
    expect(await ground()).not.toBe(light);
    expect(await page.evaluate(() => localStorage.getItem("echo-head-theme"))).toBe("dark");
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
    for (const tab of ["head", "mood", "output", "live", "face"]) {
      await phone.locator(`#tab-${tab}`).click();
      await takePicture(phone, `phone-${tab}`);
      expect(await phone.evaluate(() => document.documentElement.scrollWidth), tab).toBe(PHONE.width);
    }
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
