/** Messages over which the fastest way is looked for: half a minute of pictures. */
const WINDOW = 750;

/**
 * The companion's clock as the page sees it. A message says when it was sent; the fastest of the last ones gives the offset between the
 * two clocks, what the others took longer is jitter.
 */
export class CompanionTime {
  readonly #ways: number[] = [];
  #offsetMs = Number.NaN;

  /** False until the first message. */
  get known(): boolean {
    return !Number.isNaN(this.#offsetMs);
  }

  /** A message sent at `sentMs` (companion) has come at `atMs` (page). */
  note(sentMs: number, atMs: number): void {
    this.#ways.push(atMs - sentMs);
    if (this.#ways.length > WINDOW) this.#ways.shift();
    this.#offsetMs = this.#ways.reduce((least, way) => Math.min(least, way), Number.POSITIVE_INFINITY);
  }

  /** The companion's time at a time of the page. */
  at(pageMs: number): number {
    return pageMs - this.#offsetMs;
  }

  /** How much longer than the fastest the slow messages took: p95 in ms. */
  get jitterMs(): number {
    if (!this.known) return 0;
    const sorted = this.#ways.map((way) => way - this.#offsetMs).sort((a, b) => a - b);
    return sorted[Math.floor(0.95 * (sorted.length - 1))]!;
  }

  /** Forgets everything: another companion has another clock. */
  reset(): void {
    this.#ways.length = 0;
    this.#offsetMs = Number.NaN;
  }
}
