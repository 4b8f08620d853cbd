import type { Command } from "./command.js";
import { runCommandLine } from "./run.js";

/** Runs a command line as a script would, and gives its exit code and what it wrote. */
export async function runCaptured(args: readonly string[], commands: readonly Command[]) {
  let [out, err] = ["", ""];
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    isTty: false,
    signal: new AbortController().signal,
  };
  const code = await runCommandLine(args, io, commands);
  return { code, out, err };
}
