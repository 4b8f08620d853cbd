import { EchoError } from "../base/errors.js";

/** What the process says by its exit code; documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** Something failed that is neither the caller's nor the pack's fault. */
  failed: 1,
  /** The caller's input: options, files to read, places to write. */
  input: 2,
  /** The model pack is absent, damaged or does not fit. */
  pack: 3,
  /** The asked-for backend cannot run here. */
  backend: 4,
  /** Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
} as const;

/** The command line itself is wrong: unknown option, missing value, contradiction. */
export class UsageError extends TypeError {
  override readonly name = "UsageError";
}

/** The exit code for whatever a command threw. */
export function exitCodeOf(error: unknown): number {
  if (EchoError.is(error)) {
    if (error.code.startsWith("input-") || error.code === "output-unwritable" || error.code === "avatar-not-found")
      return EXIT.input;
    if (error.code.startsWith("pack-")) return EXIT.pack;
    if (error.code === "backend-unavailable") return EXIT.backend;
    return EXIT.failed;
  }
  if (error instanceof Error && error.name === "AbortError") return EXIT.interrupted;
  // The package throws a TypeError for a caller's mistake, naming the option and the rule; a bug in our own code has a stack
  // but no such rule, and counts as a failure.
  return error instanceof UsageError ? EXIT.input : EXIT.failed;
}
