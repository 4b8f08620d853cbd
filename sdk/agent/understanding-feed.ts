import { EchoError, reasonOf } from "../base/errors.js";
import { BehaviourNotes } from "../lcu/behaviour-notes.js";
import type { BehaviourEvidence, BehaviourUnderstanding, DialogueTurn } from "../protocol/dialogue.js";

/** Without a new answer for so long, the pack's own network understands again, in seconds. */
const TOO_OLD_S = 90;
/** Turns that are kept for the question. */
const MOST_TURNS = 60;

/** What an {@link UnderstandingFeed} needs. */
export type UnderstandingFeedOptions = {
  readonly understanding: BehaviourUnderstanding;
  /** Hands the words to the LCU; null: its own network again. */
  readonly apply: (text: string | null) => Promise<void>;
  /** Pictures of the user as data addresses; asked for only when `understanding.keyFrames` is true. */
  readonly pictures: () => Promise<readonly string[]>;
  readonly onError: (error: EchoError) => void;
};

/**
 * Asks a {@link BehaviourUnderstanding} about the user every now and then, in the background: one question at a time, and nothing waits
 * for the answer. While it fails, the last answer stays until it is too old.
 */
export class UnderstandingFeed {
  readonly #options: UnderstandingFeedOptions;
  readonly #notes = new BehaviourNotes();
  readonly #turns: DialogueTurn[] = [];
  readonly #stop = new AbortController();
  #asking = false;
  #nextS = Number.NEGATIVE_INFINITY;
  #answeredS: number | undefined;

  constructor(options: UnderstandingFeedOptions) {
    this.#options = options;
  }

  /** Adds what was said. */
  addTurn(turn: DialogueTurn): void {
    this.#turns.push(turn);
    if (this.#turns.length > MOST_TURNS) this.#turns.shift();
  }

  /** Adds a block of the user, and asks when it is time. */
  addBlock(block: { face: Float32Array; presence: Float32Array; speaking: boolean; timeS: number }): void {
    this.#notes.add(block);
    const { timeS } = block;
    const { everyS = 20 } = this.#options.understanding;
    if (this.#nextS === Number.NEGATIVE_INFINITY) this.#nextS = timeS + everyS;
    if (this.#answeredS !== undefined && timeS - this.#answeredS > TOO_OLD_S) {
      this.#answeredS = undefined;
      void this.#options.apply(null).catch((error: unknown) => this.#fail(error));
    }
    if (timeS < this.#nextS || this.#asking) return;
    this.#nextS = timeS + everyS;
    void this.#ask(timeS);
  }

  /** Aborts a question under way. */
  dispose(): void {
    this.#stop.abort();
  }

  async #ask(timeS: number): Promise<void> {
    const { understanding, pictures, apply } = this.#options;
    const { timeoutMs = 15_000 } = understanding;
    this.#asking = true;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const signal = AbortSignal.any([late.signal, this.#stop.signal]);
    try {
      const evidence: BehaviourEvidence = {
        notes: this.#notes.lines(timeS),
        dialogue: [...this.#turns],
        pictures: understanding.keyFrames === true ? await pictures() : [],
      };
      const { text } = await raceAbort(understanding.understand(evidence, signal), signal);
      if (this.#stop.signal.aborted) return;
      await apply(text);
      this.#answeredS = timeS;
    } catch (error) {
      this.#fail(error);
    } finally {
      clearTimeout(timer);
      this.#asking = false;
    }
  }

  #fail(cause: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#options.onError(new EchoError("reasoner-failed", { reason: reasonOf(cause), cause }));
  }
}

/** The answer, or the reason of the abort: whoever answers need not listen to the signal. */
function raceAbort<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
