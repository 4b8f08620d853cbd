import type { PictureMessage } from "../wire.js";

/** Pictures that wait for their time at most: half a second. Beyond it the oldest goes. */
const MOST_WAITING = 12;

/** Pictures in order of time; the newest one that is due is shown, those before it are dropped and counted. */
export class PictureQueue {
  readonly #pictures: PictureMessage[] = [];
  #dropped = 0;

  get dropped(): number {
    return this.#dropped;
  }

  push(picture: PictureMessage): void {
    this.#pictures.push(picture);
    if (this.#pictures.length > MOST_WAITING) this.#drop(1);
  }

  /** The picture to show at this time of the companion's clock, or undefined: the one before stays. */
  take(nowMs: number): PictureMessage | undefined {
    let due = 0;
    while (due < this.#pictures.length && this.#pictures[due]!.timestampMs <= nowMs) due += 1;
    if (due === 0) return undefined;
    this.#drop(due - 1);
    return this.#pictures.shift();
  }

  clear(): void {
    this.#pictures.length = 0;
  }

  #drop(count: number): void {
    this.#pictures.splice(0, count);
    this.#dropped += count;
  }
}
