import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM_ARGS } from "../../tools/chromium.mjs";
import { serveAgentPage } from "./agent-site.js";
import { chromiumPath } from "./chromium.js";

/** Headless browsers hide nothing: a tab needs a window, and that a display. */
const hasDisplay = spawnSync("Xvfb", ["-help"]).error === undefined;
if (!hasDisplay) console.warn("SKIPPED: a tab can be hidden only where there is Xvfb (apt install xvfb)");
const SECONDS = 60;

/** What a program says on stderr, as far as it is asked for. */
function said(program: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    program.stderr!.on("data", (piece: Buffer) => {
      text += piece;
      const found = pattern.exec(text)?.[1];
      if (found) resolve(found);
    });
    program.once("exit", () => reject(new Error(text)));
  });
}

describe.skipIf(chromiumPath === undefined || !hasDisplay)("an agent in a tab behind another one", () => {
  const profile = mkdtempSync(join(tmpdir(), "echo-head-hidden-"));
  let display: ChildProcess;
  let program: ChildProcess;
  let site: Awaited<ReturnType<typeof serveAgentPage>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    display = spawn("Xvfb", ["-displayfd", "2", "-screen", "0", "1024x768x24"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const number = await said(display, /^(\d+)$/m);
    site = await serveAgentPage("./agent-page.ts");
    program = spawn(
      chromiumPath!,
      [...CHROMIUM_ARGS, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--no-first-run", "about:blank"],
      { env: { ...process.env, DISPLAY: `:${number}` }, stdio: ["ignore", "ignore", "pipe"] },
    );
    // A browser that playwright starts, or has its defaults, takes every page for one that is seen.
    browser = await chromium.connectOverCDP(await said(program, /listening on (ws:\S+)/), { noDefaults: true });
    page = await browser.contexts()[0]!.newPage();
    page.on("pageerror", (error) => console.error("page:", error.message));
    await page.goto(site.url);
    await page.waitForFunction(() => window.agentCalls !== undefined);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    for (const started of [program, display]) {
      if (started?.exitCode !== null) continue;
      started.kill();
      await once(started, "exit");
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  it("goes on speaking for a minute, in step, without a gap", { retry: 1, timeout: 240_000 }, async () => {
    await page.evaluate(() => window.agentCalls.start());
    await page.evaluate((seconds) => window.agentCalls.beginToSpeak(seconds), SECONDS + 5);
    const other = await page.context().newPage();
    await other.bringToFront();
    await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe("hidden");
    const { result, hidden, worstMs, sound, rateHz } = await page.evaluate(() => window.agentCalls.spoken());
    expect(await page.evaluate(() => document.visibilityState)).toBe("hidden");
    await page.evaluate(() => window.agentCalls.stop());
    console.log(`hidden: ${hidden} frames, ${worstMs.toFixed(0)} ms late at most`);
    expect(result).toEqual({ playedMs: 1_000 * (SECONDS + 5), interrupted: false });
    expect(hidden).toBeGreaterThan(5 * SECONDS); // a slow machine leaves pictures out; timers alone would give one a second
    const heardS = (sound.end - sound.start - sound.silentInside) / rateHz;
    expect(heardS / (SECONDS + 5)).toBeGreaterThan(0.99);
  });
});
