import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decode } from "fast-png";
import { chromium } from "playwright-core";
import { describeMachine } from "../../sdk/cli/machine.js";
import { captureReport, type PageCapture } from "../../sdk/eval/capture-report.js";
import { CHROMIUM_ARGS, findChromium, HOW_TO_GET_CHROMIUM } from "../../tools/chromium.mjs";
import { tapAudio } from "./tap-audio.js";

type Shot = { readonly atMs: number; readonly png: Uint8Array };
type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** The window that is looked at, and the size at which it is: a face of some hundred pixels is enough to see a mouth move. */
const VIEW = { width: 960, height: 720 };
const SEEN = { maxWidth: 480, maxHeight: 360 };
const STIMULUS_EVERY_MS = 4_000;

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
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(HOW_TO_GET_CHROMIUM);
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS, "--use-angle=swiftshader"] });
  try {
    const page = await browser.newPage({ viewport: VIEW });
    await page.addInitScript(tapAudio);
    const shots: Shot[] = [];
    const session = await page.context().newCDPSession(page);
    session.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
      shots.push({ atMs: (metadata.timestamp ?? Date.now() / 1_000) * 1_000, png: Buffer.from(data, "base64") });
      void session.send("Page.screencastFrameAck", { sessionId });
    });
    await session.send("Page.startScreencast", { format: "png", everyNthFrame: 1, ...SEEN });
    let requestedMs = Date.now();
    await page.goto(values.url);
    if (values.click !== undefined) {
      await page.click(values.click);
      requestedMs = Date.now();
    }
    const stimuliMs: number[] = [];
    const endMs = Date.now() + Number(values.seconds) * 1_000;
    while (Date.now() < endMs) {
      await page.waitForTimeout(Math.min(STIMULUS_EVERY_MS, Math.max(0, endMs - Date.now())));
      if (values.stimulus === undefined || Date.now() >= endMs) continue;
      stimuliMs.push(Date.now());
      await page.click(values.stimulus);
    }
    await session.send("Page.stopScreencast");
    const sound = (await page.evaluate("globalThis.__heard ?? []")) as { atMs: number; rms: number }[];
    const capture: PageCapture = { requestedMs, pictures: changes(shots, { x, y, width, height }), sound, stimuliMs };
    const report = { date: new Date().toISOString(), machine: describeMachine(), url: values.url, ...captureReport(capture) };
    const text = `${JSON.stringify(report, undefined, 1)}\n`;
    if (values.out !== undefined) writeFileSync(values.out, text);
    process.stdout.write(text);
  } finally {
    await browser.close();
  }
}

/** Mean absolute change of luminance from picture to picture, over the face and over its mouth. */
function changes(shots: readonly Shot[], face: Box): { atMs: number; change: number; mouth: number }[] {
  const mouth: Box = {
    x: face.x + 0.3 * face.width,
    y: face.y + 0.5 * face.height,
    width: 0.4 * face.width,
    height: 0.35 * face.height,
  };
  let before: Float32Array | undefined;
  return shots.map(({ atMs, png }) => {
    const { width, height, channels, data } = decode(png);
    const grey = new Float32Array(width * height);
    for (let i = 0; i < grey.length; i++) {
      const p = i * channels;
      grey[i] = 0.299 * data[p]! + 0.587 * data[p + 1]! + 0.114 * data[p + 2]!;
    }
    const last = before?.length === grey.length ? before : grey;
    before = grey;
    const over = (box: Box) => {
      let [sum, count] = [0, 0];
      for (let y = Math.floor(box.y * height); y < (box.y + box.height) * height; y++)
        for (let x = Math.floor(box.x * width); x < (box.x + box.width) * width; x++) {
          sum += Math.abs(grey[y * width + x]! - last[y * width + x]!);
          count++;
        }
      return sum / Math.max(1, count);
    };
    return { atMs, change: over(face), mouth: over(mouth) };
  });
}
