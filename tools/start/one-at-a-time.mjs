import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How often it is looked whether it is our turn, in ms. */
const LOOK_EVERY_MS = 100;

/**
 * Does something while no other process does something under the same lock file. A lock whose process is gone is taken over.
 * @template Result
 * @param {string} lock the file
 * @param {() => Promise<Result>} act
 * @returns {Promise<Result>}
 */
export async function oneAtATime(lock, act) {
  await mkdir(dirname(lock), { recursive: true });
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = Number(await readFile(lock, "utf8").catch(() => ""));
      if (holder > 0 && !lives(holder)) await rm(lock, { force: true });
      else await sleep(LOOK_EVERY_MS);
    }
  }
  try {
    return await act();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @param {number} process_ its id */
function lives(process_) {
  try {
    process.kill(process_, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM"; // another user's
  }
}
