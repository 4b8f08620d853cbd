import type { EchoError } from "../base/errors.js";
import { AffectRunner } from "../lcu/affect-runner.js";
import type { AffectReasoner, DialogueTurn } from "../protocol/dialogue.js";

/** The affect of a recorded dialogue, block by block. It waits for the reasoner, so that a render is the same each time. */
export class AffectTrack {
  readonly #runner: AffectRunner;
  readonly #dialogue: readonly DialogueTurn[];
  readonly #encode: (text: string) => Promise<Float32Array>;
  #next = 0;
  #text: string | undefined;
  #emotion: Float32Array | undefined;

  /** `dialogue` is sorted by time; `encode` turns a text into c_emo. */
  constructor(options: {
    reasoner: AffectReasoner;
    dialogue: readonly DialogueTurn[];
    encode: (text: string) => Promise<Float32Array>;
    onError: (error: EchoError) => void;
  }) {
    this.#runner = new AffectRunner(options);
    this.#dialogue = options.dialogue;
    this.#encode = options.encode;
  }

  /** c_emo, f32 [8 * 128], at `timeS`: what was said until then counts. The array is the caller's. */
  async at(timeS: number): Promise<Float32Array> {
    while (this.#next < this.#dialogue.length && this.#dialogue[this.#next]!.timeS <= timeS) {
      this.#runner.add(this.#dialogue[this.#next++]!);
      await this.#runner.settled();
    }
    const text = this.#runner.textAt(timeS);
    if (text !== this.#text || this.#emotion === undefined) {
      this.#emotion = await this.#encode(text);
      this.#text = text;
    }
    return this.#emotion.slice();
  }

  /** Aborts a question under way. */
  dispose(): void {
    this.#runner.dispose();
  }
}
