import { EchoError } from "../base/errors.js";
import type { LcuStepInput, LcuWorkerApi } from "../protocol/lcu-worker.js";
import { transferArrays } from "../runtime/transfer.js";

/**
 * Feeds the LCU one block of the user at a time and keeps its newest answer. A block that comes while the one before is still being
 * worked on is left out and counted: the head must not fall behind the person.
 */
export class ListeningLoop {
  readonly #lcu: LcuWorkerApi;
  readonly #onDone: (stageMs: Readonly<Record<string, number>>) => void;
  readonly #onError: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #fPu: Float32Array;
  #skipped = 0;
  #stopped = false;

  /** `values` is the size of f_pu (12 * 128); it is all zero until the first answer. */
  constructor(options: {
    lcu: LcuWorkerApi;
    values: number;
    onDone: (stageMs: Readonly<Record<string, number>>) => void;
    onError: (error: unknown) => void;
  }) {
    this.#lcu = options.lcu;
    this.#onDone = options.onDone;
    this.#onError = options.onError;
    this.#fPu = new Float32Array(options.values);
  }

  /** Blocks of the user that were left out. */
  get skipped(): number {
    return this.#skipped;
  }

  /** A copy of the newest f_pu. */
  get fPu(): Float32Array {
    return this.#fPu.slice();
  }

  /** Starts on a block; `take` is asked for it only if it is wanted. */
  listen(take: () => LcuStepInput): void {
    if (this.#stopped) return;
    if (this.#running) {
      this.#skipped += 1;
      return;
    }
    this.#running = this.#step(take()).finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when the block under way is done, at once if there is none; never rejects. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #step(input: LcuStepInput): Promise<void> {
    try {
      const { fPu, stageMs } = await this.#lcu.step(transferArrays(input));
      this.#fPu = fPu;
      this.#onDone(stageMs);
    } catch (error) {
      // Without its worker the head goes on with what it knew last.
      if (EchoError.is(error) && !error.recoverable) this.#stopped = true;
      this.#onError(error);
    }
  }
}
