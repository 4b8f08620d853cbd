import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { EchoError, reasonOf } from "../base/errors.js";
import type { MotionCentroids, MotionSequence } from "../eval/motion-report.js";
import { type MotionTrack, parseMotionCsv } from "../eval/motion-track.js";
import { checkInputFile, invalidInput } from "../media/input-file.js";

/**
 * Sequences from files, or from folders in which the files have the same names. A file without a column `time_s` counts as 25 frames a second.
 * @throws EchoError "input-unreadable", "input-invalid"
 */
export async function readSequences(from: {
  pred: string;
  truth: string;
  user: string | undefined;
}): Promise<MotionSequence[]> {
  const { pred, truth, user } = from;
  const read = async (name: string, place: (folder: string) => string): Promise<MotionSequence> => ({
    name,
    predicted: await readTrack(place(pred)),
    truth: await readTrack(place(truth)),
    user: user === undefined ? undefined : await readTrack(place(user)),
  });
  if (!(await isFolder(pred))) return [await read(basename(pred), (file) => file)];
  const names = (await readdir(pred)).filter((name) => name.endsWith(".csv")).sort();
  if (names.length === 0)
    throw new EchoError("input-unreadable", { file: pred, reason: "the folder holds no .csv files" });
  const sequences: MotionSequence[] = [];
  for (const name of names) sequences.push(await read(name, (folder) => join(folder, name)));
  return sequences;
}

/** Centres that `--save-centroids` wrote. @throws EchoError "input-unreadable", "input-invalid" */
export async function readCentroids(file: string): Promise<MotionCentroids> {
  await checkInputFile(file);
  const refuse = (rule: string) => invalidInput(file, "its JSON", rule);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  const groups = Object.values(value as Record<string, { centres?: unknown; hash?: unknown }>);
  const isRow = (row: unknown) => Array.isArray(row) && row.every((number) => Number.isFinite(number));
  for (const { centres, hash } of groups)
    if (!Array.isArray(centres) || !centres.every(isRow) || typeof hash !== "string")
      throw refuse('each group must be {"centres": [[numbers]], "hash": "..."} as --save-centroids writes it');
  return value as MotionCentroids;
}

/** Writes JSON. @throws EchoError "output-unwritable" */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, undefined, 1)}\n`).catch((cause: Error) => {
    throw new EchoError("output-unwritable", { file, reason: cause.message, cause });
  });
}

/** True for a folder, false for a file or nothing. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function readTrack(file: string): Promise<MotionTrack> {
  await checkInputFile(file);
  return parseMotionCsv(await readFile(file, "utf8"), { file });
}
