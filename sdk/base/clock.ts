/** Tells milliseconds that never go back. Parts that need time take one, so that tests can turn it by hand. */
export interface Clock {
  nowMs(): number;
}

/** The machine's monotonic clock, 0 at its creation. */
export function createMonotonicClock(): Clock {
  const startMs = performance.now();
  return { nowMs: () => performance.now() - startMs };
}

/** A clock that stands until it is moved. */
export class ManualClock implements Clock {
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  /** @param byMs at least 0 */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new TypeError(`byMs must be at least 0, not ${byMs}`);
    this.#nowMs += byMs;
  }
}
