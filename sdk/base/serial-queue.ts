import { EchoError } from "./errors.js";

/** Runs jobs one after another in the order in which they came. A job that fails does not stop those behind it. */
export class SerialQueue {
  readonly #name: string;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;
  #waiting = 0;

  /** @param name for the message of the error after dispose() */
  constructor(name: string) {
    this.#name = name;
  }

  /** Jobs that wait or run. */
  get pending(): number {
    return this.#waiting;
  }

  /** Adds a job. @returns its result or its error; rejects with code "disposed" if the queue ends before its turn */
  run<T>(job: () => T | Promise<T>): Promise<T> {
    this.#waiting++;
    const result = this.#tail.then(() => {
      if (this.#closed) throw new EchoError("disposed", { what: this.#name });
      return job();
    });
    this.#tail = result.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return result;
  }

  /** Refuses the jobs that wait and waits for the one that runs. */
  async dispose(): Promise<void> {
    this.#closed = true;
    await this.#tail;
  }
}
