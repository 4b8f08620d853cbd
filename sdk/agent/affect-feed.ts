import type { EchoError } from "../base/errors.js";
import { AffectRunner } from "../lcu/affect-runner.js";
import { NEUTRAL_AFFECT } from "../lcu/offline-reasoner.js";
import type { AffectReasoner, DialogueTurn } from "../protocol/dialogue.js";

/** The affect of a live agent. Asking for it never waits: until a new text is encoded the last emotion stays. */
export class AffectFeed {
  readonly #runner: AffectRunner;
  readonly #encode: (text: string) => Promise<Float32Array>;
  readonly #onChange: (text: string) => void;
  readonly #onError: (error: unknown) => void;
  #wanted = NEUTRAL_AFFECT;
  #emotion: Float32Array;
  #encoding = false;

  private constructor(options: AffectFeedOptions, emotion: Float32Array) {
    this.#runner = new AffectRunner({ reasoner: options.reasoner, onError: options.onError });
    this.#encode = options.encode;
    this.#onChange = options.onChange;
    this.#onError = options.onEncodeError;
    this.#emotion = emotion;
  }

  /** Waits once, for the neutral emotion. */
  static async create(options: AffectFeedOptions): Promise<AffectFeed> {
    return new AffectFeed(options, await options.encode(NEUTRAL_AFFECT));
  }

  /** Adds what was said. */
  add(turn: DialogueTurn): void {
    this.#runner.add(turn);
  }

  /** A copy of c_emo, f32 [8 * 128], for `timeS` on the agent's clock. */
  at(timeS: number): Float32Array {
    const text = this.#runner.textAt(timeS);
    if (text !== this.#wanted && !this.#encoding) void this.#change(text);
    return this.#emotion.slice();
  }

  /** Aborts a question under way. */
  dispose(): void {
    this.#runner.dispose();
  }

  async #change(text: string): Promise<void> {
    this.#encoding = true;
    try {
      this.#emotion = await this.#encode(text);
      this.#wanted = text;
      this.#onChange(text);
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#encoding = false;
    }
  }
}

/** What an {@link AffectFeed} needs. */
export type AffectFeedOptions = {
  readonly reasoner: AffectReasoner;
  /** Text -> c_emo. */
  readonly encode: (text: string) => Promise<Float32Array>;
  /** Hears of each text that takes effect. */
  readonly onChange: (text: string) => void;
  /** Hears of reasoners that fail; the last affect stays. */
  readonly onError: (error: EchoError) => void;
  /** Hears of texts that could not be encoded. */
  readonly onEncodeError: (error: unknown) => void;
};
