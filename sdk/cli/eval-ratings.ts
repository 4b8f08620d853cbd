import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { EchoError, reasonOf } from "../base/errors.js";
import { APPROPRIATENESS, type RatingItem, ratingPage } from "../eval/rating-page.js";
import { parseRatings, type Rating, type RatingKey, scoreRatings } from "../eval/rating-scores.js";
import { checkInputFile, invalidInput } from "../media/input-file.js";
import { type Command, type OptionValues, textOf } from "./command.js";
import { isFolder, writeJson } from "./eval-inputs.js";
import { EXIT, UsageError } from "./exit-codes.js";

type StudyFile = {
  readonly title?: string;
  readonly question?: string;
  readonly items: readonly {
    readonly clip: string;
    readonly user?: string;
    readonly systems: Readonly<Record<string, string>>;
  }[];
};

/** `echo-head eval rating-page`: a folder with a page on which people rate videos blind. */
export const evalRatingPageCommand: Command = {
  name: "eval rating-page",
  summary: "Makes a page on which people rate videos without knowing who made them (E-Appro).",
  options: {
    study: { value: "<json>", help: "the clips and the systems' videos; docs/eval.md shows one" },
    out: { value: "<folder>", help: "where the page and the renamed videos go; must not exist" },
    key: { value: "<json>", help: "where the key from random names to systems goes; keep it from the raters" },
  },
  run: async (values, _, io) => {
    const [file, out, keyFile] = [need(values, "study"), need(values, "out"), need(values, "key")];
    if (resolve(keyFile).startsWith(`${resolve(out)}/`)) throw new UsageError("--key must lie outside of --out");
    const study = await readStudy(file);
    const here = dirname(file);
    await mkdir(out).catch((cause: Error) => {
      throw new EchoError("output-unwritable", { file: out, reason: cause.message, cause });
    });
    const key: Record<string, { system: string; clip: string }> = {};
    const items: RatingItem[] = [];
    for (const { clip, user, systems } of study.items) {
      const place = async (video: string): Promise<string> => {
        const path = join(here, video);
        await checkInputFile(path);
        const name = `${randomBytes(6).toString("hex")}${extname(video)}`;
        await copyFile(path, join(out, name));
        return name;
      };
      const shownUser = user === undefined ? undefined : await place(user);
      for (const [system, video] of Object.entries(systems)) {
        const item = randomBytes(6).toString("hex");
        key[item] = { system, clip };
        items.push({ item, avatar: await place(video), user: shownUser });
      }
    }
    items.sort((a, b) => (a.item < b.item ? -1 : 1)); // by random name: the file's own order says nothing
    const { title = "Video ratings", question = APPROPRIATENESS } = study;
    await writeFile(join(out, "index.html"), ratingPage({ title, question, items }));
    await writeJson(keyFile, key);
    io.out(`${items.length} videos in ${join(out, "index.html")}; the key is ${keyFile}\n`);
    return EXIT.ok;
  },
};

/** `echo-head eval ratings`: scores the raters' files. */
export const evalRatingsCommand: Command = {
  name: "eval ratings",
  summary: "Scores the files that raters saved from the rating page (E-Appro).",
  options: {
    csv: { value: "<file|folder>", help: "one rater's file, or a folder of them" },
    key: { value: "<json>", help: "the key that eval rating-page wrote" },
    json: { help: "print the report as JSON" },
  },
  run: async (values, _, io) => {
    const [csv, keyFile] = [need(values, "csv"), need(values, "key")];
    const files = (await isFolder(csv))
      ? (await readdir(csv))
          .filter((name) => name.endsWith(".csv"))
          .sort()
          .map((name) => join(csv, name))
      : [csv];
    await checkInputFile(keyFile);
    const keyText = await readFile(keyFile, "utf8");
    const key = asInput(keyFile, () => JSON.parse(keyText) as RatingKey);
    const ratings: Rating[] = [];
    for (const file of files) {
      await checkInputFile(file);
      const text = await readFile(file, "utf8");
      ratings.push(...asInput(file, () => parseRatings(text, file)));
    }
    const systems = asInput(csv, () => scoreRatings(ratings, key));
    const lines = systems.map(
      ({ system, mean, interval, standardDeviation, ratings, raters }) =>
        `${system.padEnd(24)}${mean.toFixed(3)}  [${interval[0].toFixed(2)}, ${interval[1].toFixed(2)}]  sd ${standardDeviation.toFixed(2)}  ${ratings} ratings of ${raters} raters`,
    );
    io.out(values.json === true ? `${JSON.stringify({ systems }, undefined, 2)}\n` : `${lines.join("\n")}\n`);
    return EXIT.ok;
  },
};

function need(values: OptionValues, name: string): string {
  const text = textOf(values, name);
  if (text === undefined) throw new UsageError(`--${name} is missing`);
  return text;
}

/** A file's mistake is the input's, with the file's name. */
function asInput<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw invalidInput(file, "its rows", reasonOf(error), error);
  }
}

async function readStudy(file: string): Promise<StudyFile> {
  await checkInputFile(file);
  let study: StudyFile;
  try {
    study = JSON.parse(await readFile(file, "utf8")) as StudyFile;
  } catch (error) {
    throw invalidInput(file, "its JSON", reasonOf(error));
  }
  const fits =
    Array.isArray(study.items) &&
    study.items.length > 0 &&
    study.items.every(({ clip, systems }) => typeof clip === "string" && Object.keys(systems ?? {}).length > 0);
  if (!fits) throw invalidInput(file, "items", 'each must be {"clip": "...", "systems": {"name": "video file"}}');
  return study;
}
