import { existsSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { locatePack } from "../pack/locate.js";
import { addAvatar } from "./add-avatar.js";
import { type Command, type OptionValues, textOf } from "./command.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { Progress } from "./progress.js";
import { runTraining, type TrainingRun } from "./training-process.js";

/** Runs a module of training/; a test's own, or Python's. */
export type RunTraining = (run: TrainingRun) => Promise<unknown>;

type Created = {
  readonly id: string;
  readonly folder: string;
  readonly figures: Readonly<Record<string, number>>;
};

/** What people see for the stages of training.avatar. */
const STAGES: Readonly<Record<string, string>> = {
  head: "reading the head",
  pictures: "taking pictures",
  movement: "learning how it moves",
  look: "learning how it looks",
  files: "writing the avatar",
};

/** `echo-head avatar create`. */
export function createAvatarCreateCommand(run: RunTraining = runTraining): Command {
  return {
    name: "avatar create",
    summary: "Makes an avatar of your own head: any glTF or VRM with ARKit shapes.",
    options: {
      glb: { value: "<file>", help: "the head: .glb, .vrm or .gltf" },
      out: { value: "<dir>", help: "the avatar's folder; an older avatar there is replaced" },
      pack: { value: "<name|dir>", help: "the pack that will drive it; default echo-nano" },
      id: { value: "<id>", help: "the avatar's id; default: from the file's name" },
      name: { value: "<text>", help: "its name for people; default: the file's" },
      licence: { value: "<text>", help: 'of the head; default "not stated"' },
      like: { value: "<avatar>", help: "moves like this avatar of the pack; default: its default avatar" },
      minutes: { value: "<n>", help: "computing time of one core; default 4, better 30" },
      "keep-decoder": { help: "fit appearance and keypoints alone, with the decoder as it ships" },
      checkpoints: { value: "<dir>", help: "what the pack was exported from; default training/checkpoints/cpu" },
      python: {
        value: "<program>",
        help: "Python with training/requirements.txt; default $ECHO_HEAD_PYTHON, .venv, python3",
      },
      threads: { value: "<n>", help: "default 1" },
      progress: { help: "tell the progress on stderr also where it is no terminal" },
      json: { help: "print the report, or the error, as JSON" },
    },
    notes: [
      "Runs in a clone of the repository, with Python. Then: echo-head avatar add <dir> --pack <your pack>. All of it: docs/own-head.md.",
      "Exit code 2 when the head cannot be used; the message names the file and the rule.",
    ],
    run: async (values, _, io) => {
      const progress = new Progress({ io, forced: values.progress === true });
      const notes: string[] = [];
      try {
        const result = await run({
          args: ["-m", "training.avatar", ...createArguments(values)],
          python: textOf(values, "python"),
          signal: io.signal,
          onProgress: (stage, share) =>
            progress.show(() => `${STAGES[stage] ?? stage}: ${Math.floor(100 * Math.min(1, share))} %`),
          onNote: (note) => notes.push(note),
        });
        progress.clear();
        const created = result as Created;
        if (values.json === true) io.out(`${JSON.stringify({ ...created, notes }, undefined, 2)}\n`);
        else io.out(createdText(created));
        for (const note of notes) io.err(`note: ${note}\n`);
        return EXIT.ok;
      } finally {
        progress.clear();
      }
    },
  };
}

/** `echo-head avatar add <dir>`. */
export const avatarAddCommand: Command = {
  name: "avatar add",
  summary: "Puts an avatar folder into a model pack.",
  positionals: ["<dir>"],
  options: {
    pack: { value: "<dir>", help: "the pack; it is changed in its place" },
    replace: { help: "an avatar of the same id gives way" },
    json: { help: "print the report, or the error, as JSON" },
  },
  notes: ["The pack's hash changes with its avatars: give clients and render servers the same copy."],
  run: async (values, [folder], io) => {
    const pack = textOf(values, "pack");
    if (pack === undefined) throw new UsageError("--pack is missing");
    const added = await addAvatar({ folder: folder!, pack, replace: values.replace === true });
    if (values.json === true) io.out(`${JSON.stringify(added, undefined, 2)}\n`);
    else io.out(`${added.replaced ? "replaced" : "added"} "${added.id}" in ${added.pack}\n`);
    return EXIT.ok;
  },
};

function createArguments(values: OptionValues): string[] {
  const glb = textOf(values, "glb");
  const out = textOf(values, "out");
  if (glb === undefined) throw new UsageError("--glb is missing");
  if (out === undefined) throw new UsageError("--out is missing");
  if (![".glb", ".vrm", ".gltf"].includes(extname(glb).toLowerCase()))
    throw new UsageError(`--glb must end in .glb, .vrm or .gltf, it is "${basename(glb)}"`);
  if (!existsSync(glb)) throw new UsageError(`--glb must be a file, there is no ${glb}`);
  const pack = locatePack(textOf(values, "pack") ?? "echo-nano");
  if (!("folder" in pack)) throw new UsageError("--pack must be a folder or echo-nano");
  const args = ["create", "--json", "--glb", resolve(glb), "--out", resolve(out), "--pack", pack.folder];
  args.push("--name", textOf(values, "name") ?? basename(glb, extname(glb)));
  const checkpoints = textOf(values, "checkpoints");
  if (checkpoints !== undefined) args.push("--checkpoints", resolve(checkpoints));
  for (const name of ["id", "licence", "like"]) {
    const value = textOf(values, name);
    if (value !== undefined) args.push(`--${name}`, value);
  }
  for (const [name, least, most] of [
    ["minutes", 0.05, 600],
    ["threads", 1, 64],
  ] as const) {
    const text = textOf(values, name);
    if (text === undefined) continue;
    const number = Number(text);
    if (!(number >= least && number <= most))
      throw new UsageError(`--${name} must be a number from ${least} to ${most}, it is "${text}"`);
    args.push(`--${name}`, text);
  }
  if (values["keep-decoder"] === true) args.push("--keep-decoder");
  return args;
}

function createdText({ id, folder, figures }: Created): string {
  const { headDb = 0, mouthDb = 0, eyesDb = 0, alphaIou = 0, keypointPixels = 0 } = figures;
  return [
    `${id} is in ${folder}`,
    `against renders it has not seen: head ${headDb.toFixed(1)} dB, mouth ${mouthDb.toFixed(1)} dB, eyes ${eyesDb.toFixed(1)} dB, ` +
      `outline ${(100 * alphaIou).toFixed(1)} %, keypoints off by ${keypointPixels.toFixed(2)} pixels`,
    `next: echo-head avatar add ${folder} --pack <your pack>`,
    "",
  ].join("\n");
}
