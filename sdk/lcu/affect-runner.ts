import { EchoError, reasonOf } from "../base/errors.js";
import type { AffectReasoner, DialogueTurn } from "../protocol/dialogue.js";
import { NEUTRAL_AFFECT } from "./offline-reasoner.js";

/** The longest answer of a reasoner that is taken for an affect, in characters; longer ones are nonsense. */
const MAX_AFFECT_CHARACTERS = 400;
/** Bound of the dialogue that a reasoner is shown, in turns; the oldest are dropped. */
export const MAX_TURNS = 200;

/** Age of an affect, in s, from which it is shown weaker, and from which it is over. */
export const AFFECT_WEAKENS_S = 60;
/** See {@link AFFECT_WEAKENS_S}. */
export const AFFECT_ENDS_S = 180;

/** Timers that an {@link AffectRunner} needs; tests pass their own. */
export type RunnerTimers = {
  /** Calls `job` once after `ms`; the result cancels it. */
  after(ms: number, job: () => void): () => void;
};

const systemTimers: RunnerTimers = {
  after(ms, job) {
    const timer = setTimeout(job, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Asks a reasoner about the dialogue in the background. Nothing waits for it: {@link AffectRunner.textAt} answers at once with the
 * last affect, which fades to neutral over {@link AFFECT_ENDS_S}. One question at a time; turns that come meanwhile are asked about
 * together afterwards. A reasoner that is late, throws or answers nonsense is told through `onError`, and the last affect stays.
 */
export class AffectRunner {
  readonly #reasoner: AffectReasoner;
  readonly #timeoutMs: number;
  readonly #onError: (error: EchoError) => void;
  readonly #timers: RunnerTimers;
  readonly #turns: DialogueTurn[] = [];
  #running: AbortController | undefined;
  #asked = false;
  #idle: Promise<void> = Promise.resolve();
  #text = NEUTRAL_AFFECT;
  #textTimeS = Number.NEGATIVE_INFINITY;
  #disposed = false;

  /** `timeoutMs` is how long an answer may take. @default the reasoner's own time, else 8000 */
  constructor(options: {
    reasoner: AffectReasoner;
    onError: (error: EchoError) => void;
    timeoutMs?: number;
    timers?: RunnerTimers;
  }) {
    this.#reasoner = options.reasoner;
    this.#onError = options.onError;
    this.#timeoutMs = options.timeoutMs ?? options.reasoner.timeoutMs ?? 8_000;
    this.#timers = options.timers ?? systemTimers;
  }

  /** Adds a turn and asks about it in the background. */
  add(turn: DialogueTurn): void {
    this.#turns.push(turn);
    if (this.#turns.length > MAX_TURNS) this.#turns.shift();
    this.#asked = true;
    if (this.#running === undefined && !this.#disposed) this.#idle = this.#work();
  }

  /** The affect to show at `timeS` on the agent's clock. */
  textAt(timeS: number): string {
    return fadedAffect(this.#text, timeS - this.#textTimeS);
  }

  /** Resolves once every turn so far was asked about; offline rendering waits here so that it is deterministic. */
  async settled(): Promise<void> {
    await this.#idle;
  }

  /** Aborts the question under way. */
  dispose(): void {
    this.#disposed = true;
    this.#running?.abort();
  }

  async #work(): Promise<void> {
    while (this.#asked && !this.#disposed) {
      this.#asked = false;
      const turns = [...this.#turns];
      const last = turns[turns.length - 1]!;
      const controller = new AbortController();
      this.#running = controller;
      try {
        const text = await this.#ask(turns, controller);
        if (!this.#disposed) {
          this.#text = text;
          this.#textTimeS = last.timeS;
        }
      } catch (error) {
        if (!this.#disposed) this.#onError(new EchoError("reasoner-failed", { reason: reasonOf(error), cause: error }));
      }
    }
    this.#running = undefined;
  }

  #ask(turns: readonly DialogueTurn[], controller: AbortController): Promise<string> {
    return new Promise((resolve, reject) => {
      const { signal } = controller;
      const cancel = this.#timers.after(this.#timeoutMs, () => {
        reject(new Error(`no answer within ${this.#timeoutMs} ms`));
        controller.abort();
      });
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      Promise.resolve()
        .then(() => this.#reasoner.infer(turns, signal))
        .then((answer) => resolve(checkAnswer(answer)))
        .catch(reject)
        .finally(cancel);
    });
  }
}

/** `text` as it is shown `ageS` seconds after it was inferred: as it is, then weaker, then neutral. */
export function fadedAffect(text: string, ageS: number): string {
  if (ageS < AFFECT_WEAKENS_S || text === NEUTRAL_AFFECT) return text;
  if (ageS >= AFFECT_ENDS_S) return NEUTRAL_AFFECT;
  return text
    .split(",")
    .map((phrase) => `slightly ${phrase.trim().replace(/^(?:slightly|gently|quite|very) /, "")}`)
    .join(", ");
}

function checkAnswer(answer: unknown): string {
  const text = (answer as { text?: unknown } | null | undefined)?.text;
  if (typeof text !== "string" || text.trim() === "") throw new Error("the answer has no text");
  if (text.length > MAX_AFFECT_CHARACTERS)
    throw new Error(`the answer has ${text.length} characters, more than ${MAX_AFFECT_CHARACTERS}`);
  return text.trim();
}
