import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { describeMachine } from "../../sdk/cli/machine.js";
import { captureReport, type PageCapture } from "../../sdk/eval/capture-report.js";
import { CHROMIUM_ARGS, findChromium, HOW_TO_GET_CHROMIUM } from "../../tools/chromium.mjs";
import { type Box, changes, mouthOf, pictures, type Shot } from "./seen.js";
import { tapAudio } from "./tap-audio.js";

/** The window that is looked at, and the size at which it is: a face of some hundred pixels is enough to see a mouth move. */
const VIEW = { width: 960, height: 720 };
const SEEN = { maxWidth: 480, maxHeight: 360 };
const STIMULUS_EVERY_MS = 4_000;

/** A page that is being looked at and listened to. */
export type WatchedPage = {
  readonly page: Page;
  /** Ends the looking and gives what was seen and heard. */
  finish(): Promise<{ readonly shots: readonly Shot[]; readonly sound: PageCapture["sound"] }>;
  close(): Promise<void>;
};

/**
 * Opens a page in Chromium and takes every picture that it composes.
 * @throws Error where there is no Chromium
 */
export async function watchPage(options: { url: string; view?: { width: number; height: number } }): Promise<WatchedPage> {
  const { url, view = VIEW } = options;
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(HOW_TO_GET_CHROMIUM);
  const args = [...CHROMIUM_ARGS, "--use-angle=swiftshader", "--disable-gpu-compositing"];
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage({ viewport: view });
  page.on("pageerror", (error) => console.error(`page: ${error.message}`));
  await page.addInitScript(tapAudio);
  const shots: Shot[] = [];
  const session = await page.context().newCDPSession(page);
  session.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
    shots.push({ atMs: (metadata.timestamp ?? Date.now() / 1_000) * 1_000, png: Buffer.from(data, "base64") });
    void session.send("Page.screencastFrameAck", { sessionId }).catch(() => {}); // the browser may be gone
  });
  await session.send("Page.startScreencast", { format: "png", everyNthFrame: 1, ...SEEN });
  await page.goto(url);
  return {
    page,
    finish: async () => {
      await session.send("Page.stopScreencast");
      const sound = (await page.evaluate("globalThis.__heard ?? []")) as { atMs: number; rms: number }[];
      return { shots, sound };
    },
    close: () => browser.close(),
  };
}

/** How much the head and its mouth change from picture to picture. */
export function movement(shots: readonly Shot[], face: Box): PageCapture["pictures"] {
  const mouth = changes(pictures(shots, mouthOf(face)));
  const seen = pictures(shots, face);
  return changes(seen).map((change, i) => ({ atMs: seen[i]!.atMs, change, mouth: mouth[i]! }));
}

/** The command; see capture.mjs. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: "string" },
      click: { type: "string" },
      stimulus: { type: "string" },
      seconds: { type: "string", default: "20" },
      face: { type: "string", default: "0,0,1,1" },
      out: { type: "string" },
    },
  });
  if (values.url === undefined) throw new TypeError("--url is missing");
  const [x, y, width, height] = values.face.split(",").map(Number) as [number, number, number, number];
  if (![x, y, width, height].every((share) => share >= 0 && share <= 1))
    throw new TypeError(`--face must be four shares from 0 to 1, not ${values.face}`);
  let requestedMs = Date.now();
  const watched = await watchPage({ url: values.url });
  try {
    const { page } = watched;
    if (values.click !== undefined) {
      requestedMs = Date.now();
      await page.click(values.click);
    }
    const stimuliMs: number[] = [];
    const endMs = Date.now() + Number(values.seconds) * 1_000;
    while (Date.now() < endMs) {
      await page.waitForTimeout(Math.min(STIMULUS_EVERY_MS, Math.max(0, endMs - Date.now())));
      if (values.stimulus === undefined || Date.now() >= endMs) continue;
      stimuliMs.push(Date.now());
      await page.click(values.stimulus);
    }
    const { shots, sound } = await watched.finish();
    const capture: PageCapture = { requestedMs, pictures: movement(shots, { x, y, width, height }), sound, stimuliMs };
    const report = { date: new Date().toISOString(), machine: describeMachine(), url: values.url, ...captureReport(capture) };
    const text = `${JSON.stringify(report, undefined, 1)}\n`;
    if (values.out !== undefined) writeFileSync(values.out, text);
    process.stdout.write(text);
  } finally {
    await watched.close();
  }
}
