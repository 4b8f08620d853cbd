import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evalRatingPageCommand, evalRatingsCommand } from "../../sdk/cli/eval-ratings.js";
import { runCaptured } from "../../sdk/cli/run-captured.fixture.js";
import { chromiumPath, openChromium } from "./chromium.js";
import { takePicture } from "./picture.js";

const VIDEOS = join(import.meta.dirname, "../../models/echo-nano/card");
const [ADA, THEO] = ["clip-ada.webm", "clip-theo.webm"] as const;

/** Two clips by two systems, the second without a person; the last video is none. */
const STUDY = {
  title: "Listening heads",
  items: [
    { clip: "talk-1", user: ADA, systems: { ours: THEO, other: ADA } },
    { clip: "talk-2", systems: { ours: THEO, broken: "broken.webm" } },
  ],
};

describe.skipIf(chromiumPath === undefined)("the page on which people rate", { timeout: 240_000 }, () => {
  let folder: string;
  let browser: Browser;
  const at = (name: string) => join(folder, name);

  async function run(...args: string[]): Promise<string> {
    const { out, err } = await runCaptured(["eval", ...args], [evalRatingPageCommand, evalRatingsCommand]);
    expect(err).toBe("");
    return out;
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "echo-head-rating-"));
    writeFileSync(at("broken.webm"), "no video");
    for (const name of [ADA, THEO]) copyFileSync(join(VIDEOS, name), at(name));
    writeFileSync(at("study.json"), JSON.stringify(STUDY));
    await run("rating-page", "--study", at("study.json"), "--out", at("page"), "--key", at("key.json"));
    browser = await openChromium();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** Rates every video that plays with `score`; returns the blind names in the order in which they were shown, and the CSV. */
  async function rate(rater: string, score: number): Promise<{ shown: string[]; csv: string }> {
    const context = await browser.newContext({ acceptDownloads: true, viewport: { width: 960, height: 800 } });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(folder, "page", "index.html")).href); // as a rater opens it
    await page.fill("#rater", rater);
    await page.click("#start button");
    const shown: string[] = [];
    while (await page.locator("#rate").isVisible()) {
      shown.push(basename((await page.locator("#avatar-video").getAttribute("src"))!));
      if (await unplayable(page)) {
        expect(await page.locator("#where").textContent()).toContain("cannot be played");
        await page.click("#skip");
        continue;
      }
      expect(await page.locator(".scale input").first().isDisabled()).toBe(true); // not before it has been seen to its end
      await page.click("#play");
      const person = await page.locator("#user").isVisible();
      expect(await page.locator("#user-video").evaluate((video: HTMLVideoElement) => !video.paused)).toBe(person);
      await page.locator("#avatar-video").evaluate((video: HTMLVideoElement) => {
        video.currentTime = video.duration - 0.2;
      });
      await page.locator("#scores:not([disabled])").waitFor();
      await page
        .locator(".scale label")
        .nth(score - 1)
        .click();
      await page.fill("#comment", 'calm, "warm"');
      if (shown.length === 1) await takePicture(page, `rating-${rater}`);
      await page.click("#next");
    }
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    const csv = readFileSync(await download.path(), "utf8");
    await context.close();
    return { shown, csv };
  }

  /** Waits until the browser has read the video, or has given it up. */
  async function unplayable(page: Page): Promise<boolean> {
    return await page.locator("#avatar-video").evaluate(
      (video: HTMLVideoElement) =>
        new Promise<boolean>((resolve) => {
          const look = () =>
            video.error ? resolve(true) : video.readyState >= 2 ? resolve(false) : setTimeout(look, 50);
          look();
        }),
    );
  }

  it("is blind, has an order for every rater, scores what was seen, and its files are scored", async () => {
    const raters = [await rate("anna", 5), await rate("ben", 2)];
    for (const [i, { shown, csv }] of raters.entries()) {
      expect(shown).toHaveLength(4);
      expect(csv).not.toMatch(/ours|other|talk|theo|ada/);
      expect(csv.trim().split("\n")).toHaveLength(4); // the header and three ratings: one video is none
      writeFileSync(at(`rater-${i}.csv`), csv);
    }
    expect(new Set(raters[0]!.shown)).toEqual(new Set(raters[1]!.shown));
    expect(raters[0]!.shown).not.toEqual(raters[1]!.shown);
    const orders = raters.map(({ csv }) =>
      csv
        .split("\n")
        .slice(1)
        .map((line) => line.split(",")[1]),
    );
    expect([...orders[0]!].sort()).toEqual([...orders[1]!].sort());
    const both = raters.map((_, i) => readFileSync(at(`rater-${i}.csv`), "utf8"));
    writeFileSync(at("all.csv"), both[0]! + both[1]!.split("\n").slice(1).join("\n"));
    const { systems } = JSON.parse(await run("ratings", "--csv", at("all.csv"), "--key", at("key.json"), "--json"));
    expect(systems).toHaveLength(2); // nobody could rate the broken one
    for (const { mean, raters: people } of systems) expect([mean, people]).toEqual([3.5, 2]);
  });
});
