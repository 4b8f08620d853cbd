import type { CommandIo } from "./command.js";

/** A terminal line is drawn anew at most so often; lines of a log come much more rarely. */
const DRAW_EVERY_MS = 100;
const LOG_EVERY_MS = 5_000;

/**
 * Tells on stderr how far long work is: one line that is drawn over itself in a terminal, a line every few seconds in a log
 * (with --progress), nothing otherwise.
 */
export class Progress {
  readonly #io: CommandIo;
  readonly #everyMs: number;
  readonly #now: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #drawn = 0;

  /** @param options.forced true: also where stderr is no terminal */
  constructor(options: { io: CommandIo; forced: boolean; now?: () => number }) {
    const { io, forced, now = () => performance.now() } = options;
    this.#io = io;
    this.#now = now;
    this.#everyMs = io.isTty ? DRAW_EVERY_MS : forced ? LOG_EVERY_MS : Number.POSITIVE_INFINITY;
  }

  /** Shows `text()` if it is time to. */
  show(text: () => string): void {
    const nowMs = this.#now();
    if (this.#everyMs === Number.POSITIVE_INFINITY || nowMs - this.#lastMs < this.#everyMs) return;
    this.#lastMs = nowMs;
    const line = text();
    if (this.#io.isTty) {
      this.#io.err(`\r${line.padEnd(this.#drawn)}`);
      this.#drawn = line.length;
    } else {
      this.#io.err(`${line}\n`);
    }
  }

  /** Takes the line away again. */
  clear(): void {
    if (this.#drawn > 0) this.#io.err(`\r${" ".repeat(this.#drawn)}\r`);
    this.#drawn = 0;
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }
}

/** `12 s`, `3:05 min`, `1:02:40 h`. */
export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)} h`;
}
