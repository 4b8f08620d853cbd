import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { EchoError } from "../base/errors.js";
import { ownPackage } from "./machine.js";

/** A line of `python -m training.avatar --json`. */
type TrainingLine = {
  readonly stage?: string;
  readonly done?: number;
  readonly total?: number;
  readonly note?: string;
  readonly result?: unknown;
  readonly error?: { readonly file?: string; readonly rule: string; readonly package?: string };
};

/** What {@link runTraining} is told. */
export type TrainingRun = {
  /** After `python`, such as ["-m", "training.avatar", "create", ...]. */
  readonly args: readonly string[];
  /** The Python program; found by itself without it. */
  readonly python: string | undefined;
  /** The folder that holds `training/`. @default the folder of this package */
  readonly root?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (stage: string, share: number) => void;
  readonly onNote: (note: string) => void;
};

/** Exit codes of the modules in training/ that mean more than failure. */
const INPUT_REFUSED = 2;
const PACKAGE_ABSENT = 5;
/** So much of the end of what Python wrote to stderr goes into an error. */
const TAIL_LENGTH = 400;

/**
 * Runs a module of training/ and returns its result.
 * @throws EchoError "training-unavailable" (no clone, no Python, no package), "input-invalid" (the module refused a file),
 * "training-failed"; the signal's reason when aborted
 */
export async function runTraining(run: TrainingRun): Promise<unknown> {
  const root = run.root ?? ownPackage().root;
  if (!existsSync(join(root, "training/requirements.txt")))
    throw new EchoError("training-unavailable", {
      reason: "the npm package has no training/; run this in a clone of the repository",
    });
  const python = run.python ?? findPython(root);
  run.signal.throwIfAborted();
  const child = spawn(python, [...run.args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => child.kill("SIGTERM");
  run.signal.addEventListener("abort", stop, { once: true });
  let tail = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-TAIL_LENGTH);
  });
  let result: unknown;
  let refusal: TrainingLine["error"];
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = parseLine(text);
    if (line?.stage !== undefined) run.onProgress(line.stage, (line.done ?? 0) / (line.total ?? 1));
    if (line?.note !== undefined) run.onNote(line.note);
    if (line?.result !== undefined) result = line.result;
    if (line?.error !== undefined) refusal = line.error;
  });
  let code: number | null;
  try {
    code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
  } catch (cause) {
    const reason = `${python} does not start (${(cause as Error).message}); name one with --python`;
    throw new EchoError("training-unavailable", { reason, cause });
  } finally {
    run.signal.removeEventListener("abort", stop);
  }
  run.signal.throwIfAborted();
  if (code === 0 && result !== undefined) return result;
  if (code === INPUT_REFUSED && refusal !== undefined)
    throw new EchoError("input-invalid", { file: refusal.file ?? "the input", place: "the file", rule: refusal.rule });
  if (code === PACKAGE_ABSENT || /No module named/.test(tail)) {
    const absent = refusal?.rule ?? tail.trim().split("\n").at(-1);
    const reason = `${absent}; run ${python} -m pip install -r ${join(root, "training/requirements.txt")}`;
    throw new EchoError("training-unavailable", { reason });
  }
  throw new EchoError("training-failed", { code: code ?? "a signal", reason: tail.trim() || "it said nothing" });
}

/** $ECHO_HEAD_PYTHON, else the virtual environment of the clone (training/README.md), else the system's. */
export function findPython(root: string): string {
  const given = process.env.ECHO_HEAD_PYTHON;
  if (given !== undefined && given !== "") return given;
  const own = ["bin/python", "Scripts/python.exe"].map((file) => join(root, ".venv", file)).find(existsSync);
  return own ?? (process.platform === "win32" ? "python" : "python3");
}

function parseLine(text: string): TrainingLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // a library's own print
  }
}
