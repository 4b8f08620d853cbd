import { watchPage } from "./capture.js";
import type {} from "./listening-page.js";
import { type ListeningRun, type Planned, runMs } from "./reaction.js";
import { pictures } from "./seen.js";
import { FACE, READY_MS, VIEW } from "./site.js";

/** Shows a listening head of ours (`listening-page.ts`) from its beginning and does to it what is planned. */
export async function listenInPage(url: string, planned: Planned): Promise<ListeningRun> {
  const watched = await watchPage({ url, view: VIEW });
  try {
    const { page } = watched;
    const press = (name: string) => page.evaluate((id) => document.getElementById(id)!.click(), name);
    await page.waitForSelector("#start");
    await press("start");
    await page.waitForSelector("#shown", { timeout: READY_MS });
    await page.waitForTimeout(planned?.afterMs ?? 0);
    let eventMs: number | undefined;
    if (planned !== undefined) {
      eventMs = Date.now();
      await press(planned.kind);
    }
    await page.waitForTimeout(runMs(planned) - (planned?.afterMs ?? 0));
    const inside = await page.evaluate(() => window.listened());
    const { shots } = await watched.finish();
    return { inside, outside: { pictures: pictures(shots, FACE), eventMs } };
  } finally {
    await watched.close();
  }
}
