import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { oneAtATime } from "./one-at-a-time.mjs";

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-lock-"));
  lock = join(folder, "deeper", "lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

it("lets one after the other in, also after one that fails", async () => {
  const log: string[] = [];
  const turn = (name: string) =>
    oneAtATime(lock, async () => {
      log.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      log.push(`${name} out`);
      if (name === "b") throw new Error("b fails");
      return name;
    });
  const results = await Promise.allSettled(["a", "b", "c"].map(turn));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  for (let i = 0; i < 6; i += 2) expect(log[i]!.replace("in", "out")).toBe(log[i + 1]);
  expect(existsSync(lock)).toBe(false);
});

it("takes over the lock of a process that is gone", async () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  await oneAtATime(lock, async () => {});
  writeFileSync(lock, String(pid));
  expect(await oneAtATime(lock, async () => "done")).toBe("done");
});
