import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DecodedPng, decode } from "fast-png";
import { EchoError, reasonOf } from "../base/errors.js";
import type { Picture } from "../eval/picture.js";
import { checkInputFile, invalidInput } from "../media/input-file.js";

/**
 * The PNG files of a folder in order of their names: one list a video. A folder of folders is several videos.
 * @throws EchoError "input-unreadable"
 */
export async function pictureFiles(folder: string): Promise<string[][]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    throw new EchoError("input-unreadable", { file: folder, reason: cause.message, cause });
  });
  const own = entries.filter((entry) => entry.isFile() && entry.name.toLowerCase().endsWith(".png"));
  if (own.length > 0) return [own.map((entry) => join(folder, entry.name)).sort()];
  const videos: string[][] = [];
  for (const entry of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const files = (await readdir(join(folder, entry.name)))
      .filter((name) => name.toLowerCase().endsWith(".png"))
      .sort();
    if (files.length > 0) videos.push(files.map((name) => join(folder, entry.name, name)));
  }
  if (videos.length === 0) throw new EchoError("input-unreadable", { file: folder, reason: "it holds no PNG files" });
  return videos;
}

/** Pictures of these files, one at a time. */
export async function* readPictures(files: readonly string[]): AsyncGenerator<Picture, void> {
  for (const file of files) yield await readPicture(file);
}

/** One 8-bit PNG as RGBA. @throws EchoError "input-unreadable", "input-invalid" */
export async function readPicture(file: string): Promise<Picture> {
  await checkInputFile(file);
  let png: DecodedPng;
  try {
    png = decode(await readFile(file));
  } catch (error) {
    throw invalidInput(file, "its pixels", reasonOf(error), error);
  }
  const { width, height, channels, depth, data } = png;
  if (depth !== 8 || png.palette !== undefined)
    throw invalidInput(file, "its header", "the PNG must have 8 bits a channel and no palette");
  if (channels === 4) return { width, height, rgba: new Uint8Array(data) };
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgba[i * 4 + c] = data[i * channels + (channels >= 3 ? c : 0)]!;
    if (channels === 2) rgba[i * 4 + 3] = data[i * 2 + 1]!;
  }
  return { width, height, rgba };
}
