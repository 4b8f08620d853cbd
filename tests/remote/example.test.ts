import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, openChromium } from "../browser/chromium.js";
import { takePicture } from "../browser/picture.js";
import { startPageServer, testPack } from "../browser/studio-server.js";
import { buildServerProgram, type ServerProcess } from "./built-server.js";

/** Generous: two cores render, encode, decode and draw. */
const READY_MS = 180_000;

describe.skipIf(chromiumPath === undefined)(`example 03 with ${testPack} in Chromium`, { timeout: 600_000 }, () => {
  let site: Awaited<ReturnType<typeof startPageServer>>;
  let program: Awaited<ReturnType<typeof buildServerProgram>>;
  let server: ServerProcess;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    site = await startPageServer();
    program = await buildServerProgram();
    server = await program.start({ pack: testPack, port: 0 });
    browser = await openChromium();
    page = await browser.newPage({ viewport: { width: 620, height: 860 } });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.setDefaultTimeout(READY_MS);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    server?.process.kill("SIGKILL");
    program?.remove();
    await site?.stop();
  });

  it("shows a head that the server renders, transparent around it, and it speaks", async () => {
    await page.goto(`${site.address}03-remote-render/?server=${server.url}`, { waitUntil: "domcontentloaded" });
    await page.locator("#backend", { hasText: "remote (cpu)" }).waitFor();
    await page.locator("#speak:enabled").click();
    await page.locator("#state", { hasText: "speaking" }).waitFor();
    await page.locator("#frames", { hasText: /[1-9]\d* shown/ }).waitFor();
    const picture = await takePicture(page, "example-03");
    const canvas = (await page.locator("#head").boundingBox())!;
    const at = (x: number, y: number) => picture.at(canvas.x + x * canvas.width, canvas.y + y * canvas.height);
    const [red, green, blue] = at(0.5, 0.45);
    const corner = at(0.02, 0.02);
    expect(red).toBeGreaterThan(blue); // skin
    expect(Math.abs(red - corner[0]) + Math.abs(green - corner[1]) + Math.abs(blue - corner[2])).toBeGreaterThan(60);
    expect(corner[2]).toBeGreaterThan(corner[0]); // the page's blue, through the picture's corner
    expect(complaints).toEqual([]);
  });

  it("says what is wrong when the server is gone", async () => {
    server.process.kill("SIGKILL");
    await page.locator("#trouble", { hasText: "connection-lost" }).waitFor();
    await page.locator("#state", { hasText: "degraded" }).waitFor();
    await page.goto(`${site.address}03-remote-render/?server=http://127.0.0.1:1`, { waitUntil: "domcontentloaded" });
    await page.locator("#trouble", { hasText: "npx echo-head serve" }).waitFor();
  });
});
