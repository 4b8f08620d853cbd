import { captureReport, type CaptureReport } from "../../sdk/eval/capture-report.js";
import { movement, watchPage } from "./capture.js";
import type { PageReport } from "./page.js";
import { SAID } from "./said.js";
import { FACE, READY_MS, VIEW } from "./site.js";

/** One page measured twice over the same conversation: by itself, and by what it shows and plays. */
export type ConversationReport = { readonly inside: PageReport; readonly outside: CaptureReport };

const IDLE_MS = 2_000;
/** The user is let speak so long before the answer is at hand; every third turn is broken off so long after it began. */
const USER_MS = 2_200;
const BREAK_EVERY = 3;
const BREAK_MS = 1_500;
const AFTER_MS = 1_200;

/** Holds a conversation of `turns` with a page of ours (`page.ts`): the buttons are pressed from outside, as a person would. */
export async function converse(url: string, turns: number): Promise<ConversationReport> {
  const watched = await watchPage({ url, view: VIEW });
  try {
    const { page } = watched;
    await page.waitForSelector("#start");
    const press = async (name: "start" | "user" | "reply" | "interrupt") => {
      const atMs = Date.now();
      await page.evaluate((id) => document.getElementById(id)!.click(), name);
      return atMs;
    };
    const requestedMs = await press("start");
    const ready = () => "pageReport" in window && document.getElementById("shown") !== null;
    await page.waitForFunction(ready, undefined, { timeout: READY_MS });
    await page.waitForTimeout(IDLE_MS);
    const [repliesMs, interruptionsMs]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < turns; turn++) {
      await press("user");
      await page.waitForTimeout(USER_MS);
      repliesMs.push(await press("reply"));
      const [fromS, toS] = SAID[turn % SAID.length]!.avatar;
      if (turn % BREAK_EVERY === BREAK_EVERY - 1) {
        await page.waitForTimeout(BREAK_MS);
        interruptionsMs.push(await press("interrupt"));
      } else await page.waitForTimeout((toS - fromS) * 1_000);
      await page.waitForTimeout(AFTER_MS);
    }
    const inside = await page.evaluate(() => window.pageReport());
    const { shots, sound } = await watched.finish();
    return { inside, outside: captureReport({ requestedMs, pictures: movement(shots, FACE), sound, repliesMs, interruptionsMs }) };
  } finally {
    await watched.close();
  }
}
