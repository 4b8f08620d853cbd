import { parseArgs } from "node:util";
import { UsageError } from "./exit-codes.js";

/** Where a command writes and how it is told to stop. */
export type CommandIo = {
  /** Results. */
  readonly out: (text: string) => void;
  /** Progress and messages. */
  readonly err: (text: string) => void;
  /** True where stderr is a terminal: progress may be drawn over itself. */
  readonly isTty: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};

/** One option of a command; the help text and the parser are both made from it. */
export type OptionSpec = {
  /** What stands for the value in the help text, such as "<file>"; absent for switches. */
  readonly value?: string;
  /** The values that are allowed, where they can be listed. */
  readonly choices?: readonly string[];
  readonly help: string;
};

/** Values by option name; switches are true. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** A command of echo-head. */
export type Command = {
  /** Words after `echo-head`, such as "pack verify". */
  readonly name: string;
  readonly summary: string;
  /** Names of positional arguments, all required, for the help text. */
  readonly positionals?: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Lines after the options in the help text. */
  readonly notes?: readonly string[];
  run(values: OptionValues, positionals: readonly string[], io: CommandIo): Promise<number>;
};

/** Options that every command has. */
const COMMON: Readonly<Record<string, OptionSpec>> = { help: { help: "show this help and stop" } };

/**
 * Reads a command's arguments.
 * @throws UsageError for an unknown option, a missing or surplus value, a value that is not allowed, a wrong number of positionals
 */
export function parseCommandLine(
  command: Command,
  args: readonly string[],
): { values: OptionValues; positionals: readonly string[] } {
  const specs = { ...command.options, ...COMMON };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  let parsed: { values: OptionValues; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (error) {
    throw new UsageError((error as Error).message.split(". To specify")[0]!);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { values, positionals };
  for (const [name, { choices }] of Object.entries(specs)) {
    const value = values[name];
    if (value === "") throw new UsageError(`--${name} must not be empty`);
    if (choices !== undefined && typeof value === "string" && !choices.includes(value))
      throw new UsageError(`--${name} must be one of ${choices.join(", ")}, it is "${value}"`);
  }
  const wanted = command.positionals ?? [];
  if (positionals.length < wanted.length) throw new UsageError(`${wanted[positionals.length]!} is missing`);
  if (positionals.length > wanted.length) throw new UsageError(`"${positionals[wanted.length]}" is one word too many`);
  return { values, positionals };
}

/** The text of `--help`. */
export function helpText(command: Command): string {
  const specs = { ...command.options, ...COMMON };
  const left = Object.entries(specs).map(([name, { value }]) => `  --${name}${value === undefined ? "" : ` ${value}`}`);
  const width = Math.max(...left.map((text) => text.length)) + 2;
  const rows = Object.values(specs).map(({ help, choices }, i) => {
    const tail = choices === undefined ? "" : ` (${choices.join(", ")})`;
    return `${left[i]!.padEnd(width)}${help}${tail}`;
  });
  const usage = ["echo-head", command.name, ...(command.positionals ?? []), "[options]"].join(" ");
  const notes = command.notes === undefined ? "" : `\n${command.notes.join("\n")}\n`;
  return `${command.summary}\n\nUsage: ${usage}\n\nOptions:\n${rows.join("\n")}\n${notes}`;
}

/** The text value of an option, or undefined. */
export function textOf(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** A whole number of at least `minimum`. @throws UsageError */
export function wholeNumberOf(values: OptionValues, name: string, minimum: number): number | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < minimum)
    throw new UsageError(`--${name} must be a whole number of at least ${minimum}, it is "${text}"`);
  return number;
}
