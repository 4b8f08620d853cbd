/** Lets events through at a steady rate, with a burst to begin with. Knows no clock: the time is an argument. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #level: number;
  #atMs: number | undefined;

  /** `ratePerS` events a second; `burst` at once. */
  constructor(options: { ratePerS: number; burst: number }) {
    this.#perMs = options.ratePerS / 1_000;
    this.#burst = options.burst;
    this.#level = options.burst;
  }

  /** Books one event and says how many ms it must wait for its turn: 0 within the rate. */
  take(nowMs: number): number {
    this.#refill(nowMs);
    this.#level -= 1;
    return this.#level >= 0 ? 0 : -this.#level / this.#perMs;
  }

  /** Books one event if it is within the rate; else books nothing and says false. */
  tryTake(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#atMs = nowMs;
    this.#level = Math.min(this.#burst, this.#level + elapsedMs * this.#perMs);
  }
}
