import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { OutputFiles } from "./output-files.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-output-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("moves files and sequences into place together", async () => {
  const outputs = new OutputFiles();
  const video = await outputs.addFile(join(folder, "a.webm"));
  const frames = await outputs.addSequence(join(folder, "f.png"));
  writeFileSync(video, "video");
  writeFileSync(join(frames, "f-0.png"), "picture");
  expect(readdirSync(folder).every((name) => name.endsWith(".part"))).toBe(true);
  await outputs.commit();
  expect(readdirSync(folder).sort()).toEqual(["a.webm", "f-0.png"]);
  await outputs.discard();
  expect(readFileSync(join(folder, "a.webm"), "utf8")).toBe("video");
});

it("leaves nothing after discard, also at once", async () => {
  const outputs = new OutputFiles();
  await outputs.addFile(join(folder, "a.webm"));
  await outputs.addSequence(join(folder, "f.png"));
  await outputs.discard();
  expect(readdirSync(folder)).toEqual([]);
  await outputs.addFile(join(folder, "a.webm"));
  outputs.discardNow();
  expect(readdirSync(folder)).toEqual([]);
});

it("says in plain words why a place cannot be written", async () => {
  const outputs = new OutputFiles();
  await expect(outputs.addFile(join(folder, `${"n".repeat(250)}.webm`))).rejects.toMatchObject({
    code: "output-unwritable",
    message: expect.stringMatching(/the name is too long$/),
  });
  // The superuser may write everywhere.
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500);
    await expect(outputs.addFile(join(folder, "a.webm"))).rejects.toThrow("this user may not write there");
    chmodSync(folder, 0o700);
  }
  expect(readdirSync(folder)).toEqual([]);
});

it("cleans up when the last step fails", async () => {
  const outputs = new OutputFiles();
  await outputs.addFile(join(folder, "a.csv"));
  mkdirSync(join(folder, "a.csv")); // somebody put a folder there meanwhile
  await expect(outputs.commit()).rejects.toMatchObject({ code: "output-unwritable" });
  expect(readdirSync(folder)).toEqual(["a.csv"]);
});
