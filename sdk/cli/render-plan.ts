import { realpathSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { BackendName } from "../protocol/backend.js";
import { type OptionValues, textOf } from "./command.js";
import { UsageError } from "./exit-codes.js";

/** What the pictures are written as. */
export type OutputFormat = "webm" | "mp4" | "png";

/** The options of `echo-head render`, checked against each other but not yet against the disk. */
export type RenderPlan = {
  readonly avatarAudio: string | undefined;
  readonly userAudio: string | undefined;
  readonly userFace: string | undefined;
  readonly dialogue: string | undefined;
  readonly pack: string;
  readonly avatar: string | undefined;
  readonly backend: BackendName;
  readonly out: string;
  readonly format: OutputFormat;
  readonly blendshapes: string | undefined;
  readonly stats: string | undefined;
};

const FORMATS = ["webm", "mp4", "png"] as const;

/** @throws UsageError when something is missing or contradicts */
export function planRender(values: OptionValues): RenderPlan {
  const out = textOf(values, "out");
  if (out === undefined) throw new UsageError("--out is missing: name a .webm, .mp4 or .png file");
  const extension = extname(out).slice(1).toLowerCase();
  const format = FORMATS.find((name) => name === extension);
  if (format === undefined) throw new UsageError(`--out must end in .webm, .mp4 or .png, it is "${out}"`);
  const plan: RenderPlan = {
    avatarAudio: textOf(values, "avatar-audio"),
    userAudio: textOf(values, "user-audio"),
    userFace: textOf(values, "user-face"),
    dialogue: textOf(values, "dialogue"),
    pack: textOf(values, "pack") ?? "echo-nano",
    avatar: textOf(values, "avatar"),
    backend: (textOf(values, "backend") ?? "auto") as BackendName,
    out,
    format,
    blendshapes: textOf(values, "blendshapes"),
    stats: textOf(values, "stats"),
  };
  if (plan.avatarAudio === undefined && plan.userAudio === undefined && plan.userFace === undefined)
    throw new UsageError("nothing says how long to render: give --avatar-audio, --user-audio or --user-face");
  refuseSharedFiles(plan);
  return plan;
}

/** An output must not replace an input or another output. */
function refuseSharedFiles(plan: RenderPlan): void {
  const inputs = ["avatarAudio", "userAudio", "userFace", "dialogue"] as const;
  const outputs = ["out", "blendshapes", "stats"] as const;
  const taken = new Map<string, string>();
  for (const key of [...inputs, ...outputs]) {
    const path = plan[key];
    if (path === undefined) continue;
    const option = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const place = realPlace(path);
    const other = taken.get(place);
    if (other !== undefined && outputs.some((name) => name === key))
      throw new UsageError(`${option} and ${other} are the same file, ${path}`);
    taken.set(place, option);
  }
}

/** The path with links resolved, as far as it exists. */
function realPlace(path: string): string {
  const full = resolve(path);
  try {
    return realpathSync(full);
  } catch {
    try {
      return join(realpathSync(dirname(full)), basename(full));
    } catch {
      return full;
    }
  }
}
