import { MAX_REWIND_BLOCKS } from "../../protocol/generator-worker.js";

/** Which of the last steps the server made: steps of a time without a line were made by nobody and cannot be taken back there. */
export class StepHistory {
  /** Sequence numbers, oldest first; undefined for steps that the server does not know. */
  readonly #steps: (number | undefined)[] = [];

  /** A step was asked for; without `seq` there was no line. */
  add(seq: number | undefined): void {
    this.#steps.push(seq);
    if (this.#steps.length > MAX_REWIND_BLOCKS + 1) this.#steps.shift();
  }

  /** Takes back the last `blocks` steps and says how many of them the server has to take back. */
  takeBack(blocks: number): number {
    return this.#steps.splice(Math.max(0, this.#steps.length - blocks)).filter((seq) => seq !== undefined).length;
  }

  /** The line is back: the server knows the operations up to `lastSeq`, and none after. */
  settle(lastSeq: number): void {
    this.#steps.forEach((seq, i) => {
      if (seq !== undefined && seq > lastSeq) this.#steps[i] = undefined;
    });
  }
}
