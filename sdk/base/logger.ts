/** How much is told: each level includes those before it. */
export const LOG_LEVELS = ["silent", "error", "warning", "info", "debug"] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where lines go. */
export type LogSink = (level: Exclude<LogLevel, "silent">, line: string) => void;

/** Lines with the name of the part that speaks. Never give it arrays: what is large is not logged. */
export class Logger {
  readonly #name: string;
  readonly #settings: { level: LogLevel; sink: LogSink };

  /** @param level @default "warning"; @param sink @default the console's error stream */
  constructor(name: string, options: { level?: LogLevel; sink?: LogSink } = {}) {
    this.#name = name;
    this.#settings = { level: options.level ?? "warning", sink: options.sink ?? consoleSink };
  }

  /** A logger of a part of this one, with the same level and sink. */
  child(name: string): Logger {
    const { level, sink } = this.#settings;
    return new Logger(`${this.#name}/${name}`, { level, sink });
  }

  error(message: string): void {
    this.#write("error", message);
  }

  warning(message: string): void {
    this.#write("warning", message);
  }

  info(message: string): void {
    this.#write("info", message);
  }

  debug(message: string): void {
    this.#write("debug", message);
  }

  #write(level: Exclude<LogLevel, "silent">, message: string): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.#settings.level)) return;
    this.#settings.sink(level, `[${this.#name}] ${message}`);
  }
}

function consoleSink(level: Exclude<LogLevel, "silent">, line: string): void {
  if (level === "error") console.error(line);
  else console.warn(line);
}
