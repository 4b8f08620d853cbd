/** Bounds of the lead in ms: less than two frames cannot be scheduled safely, more than three blocks cannot be taken back. */
const SHORTEST_MS = 80;
const LONGEST_MS = 480;
/** The lead before a block has been measured. */
const FIRST_MS = 320;
/** The lead shrinks by no more than this with each block, so that the user's blocks stay about as far apart as they are long. */
const SHRINK_MS = 8;
/** Blocks over which the slowest counts. */
const WINDOW = 25;

/**
 * How long before its time a block is begun: long enough for the slowest of the last blocks, no longer, because what the user does
 * after that moment cannot show in it.
 */
export class LeadTime {
  readonly #times: number[] = [];
  #ms = FIRST_MS;

  /** Tells how long a block took, from its beginning to its last frame. */
  add(blockMs: number): void {
    this.#times.push(blockMs);
    if (this.#times.length > WINDOW) this.#times.shift();
    const wanted = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, 1.3 * Math.max(...this.#times) + 30));
    this.#ms = Math.max(wanted, this.#ms - SHRINK_MS);
  }

  /** What the last block took, in ms; 0 before there was one. */
  get lastBlockMs(): number {
    return this.#times[this.#times.length - 1] ?? 0;
  }

  /** Milliseconds. */
  get ms(): number {
    return this.#ms;
  }
}
