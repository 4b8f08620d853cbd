#!/usr/bin/env node
import { COMMANDS } from "./commands.js";
import { runCommandLine } from "./run.js";

const stop = new AbortController();
process.on("SIGINT", () => {
  // The first Ctrl-C lets the command clean up; a second one does not wait for it.
  if (stop.signal.aborted) process.exit(130);
  stop.abort();
});
process.on("SIGTERM", () => stop.abort());
// A reader such as `head` that closes its end early is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    isTty: process.stderr.isTTY === true,
    signal: stop.signal,
  },
  COMMANDS,
);
