import { EchoError, reasonOf } from "../base/errors.js";
import { type Command, type CommandIo, helpText, parseCommandLine } from "./command.js";
import { EXIT, exitCodeOf, UsageError } from "./exit-codes.js";
import { ownPackage } from "./machine.js";

/** Runs `echo-head <args>` with these commands and returns the exit code. Nothing is thrown; every failure is one line on `io.err`. */
export async function runCommandLine(
  args: readonly string[],
  io: CommandIo,
  commands: readonly Command[],
): Promise<number> {
  const command = commands.find(({ name }) => name.split(" ").every((word, i) => args[i] === word));
  if (command === undefined) return withoutCommand(args, io, commands);
  const rest = args.slice(command.name.split(" ").length);
  try {
    const { values, positionals } = parseCommandLine(command, rest);
    if (values.help === true) {
      io.out(helpText(command));
      return EXIT.ok;
    }
    return await command.run(values, positionals, io);
  } catch (error) {
    const exitCode = io.signal.aborted ? EXIT.interrupted : exitCodeOf(error);
    report({ error, exitCode, command, io, json: rest.includes("--json") });
    return exitCode;
  }
}

function withoutCommand(args: readonly string[], io: CommandIo, commands: readonly Command[]): number {
  const [first] = args;
  if (first === "--version") {
    io.out(`${ownPackage().version}\n`);
    return EXIT.ok;
  }
  const asked = first === undefined || first === "--help" || first === "help";
  if (asked) {
    io.out(overview(commands));
    return first === undefined ? EXIT.input : EXIT.ok;
  }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0 && args[1] === "--help") {
    io.out(overview(group));
    return EXIT.ok;
  }
  const known = (group.length > 0 ? group : commands).map(({ name }) => name).join(", ");
  const given = group.length > 0 ? args.slice(0, 2).join(" ") : first;
  io.err(`echo-head: there is no command "${given}"; there are ${known}\n`);
  return EXIT.input;
}

function overview(commands: readonly Command[]): string {
  const usages = commands.map(({ name, positionals = [] }) => `echo-head ${[name, ...positionals].join(" ")}`);
  const width = Math.max(...usages.map((usage) => usage.length)) + 2;
  const lines = commands.map(({ summary }, i) => `  ${usages[i]!.padEnd(width)}${summary}`);
  return `A head that speaks and listens.\n\n${lines.join("\n")}\n\nEach command has --help. echo-head --version prints the version.\n`;
}

function report(failure: { error: unknown; exitCode: number; command: Command; io: CommandIo; json: boolean }): void {
  const { error, exitCode, command, io, json } = failure;
  const isInterrupt = exitCode === EXIT.interrupted;
  const message = isInterrupt ? "interrupted; nothing was written" : oneLine(reasonOf(error));
  let hint = "";
  if (error instanceof UsageError) hint = `; see echo-head ${command.name} --help`;
  else if (EchoError.is(error) && !isInterrupt) hint = ` [${error.code}]`;
  io.err(`echo-head ${command.name}: ${message}${hint}\n`);
  // A bug of ours: the stack helps whoever reads the report.
  if (exitCode === EXIT.failed && !EchoError.is(error) && error instanceof Error) io.err(`${error.stack}\n`);
  if (json) {
    const code = EchoError.is(error)
      ? error.code
      : exitCode === EXIT.interrupted
        ? "interrupted"
        : exitCode === EXIT.input
          ? "usage"
          : "internal";
    io.out(`${JSON.stringify({ error: { code, message } }, undefined, 2)}\n`);
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
