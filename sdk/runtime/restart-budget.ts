/** Options of {@link RestartBudget}. */
export type RestartBudgetOptions = {
  /** How often something may be started again within `restartsWithinMs`. @default 3 */
  readonly restarts?: number | undefined;
  /** @default 3600000, an hour */
  readonly restartsWithinMs?: number | undefined;
  /** A clock in ms that never goes back. @default performance.now */
  readonly nowMs?: (() => number) | undefined;
};

/** Whether what has died may be started again: a rate, so that what dies once a day lives for years, and what dies at once is given up. */
export class RestartBudget {
  readonly restarts: number;
  readonly withinMs: number;
  readonly #nowMs: () => number;
  /** When it died, those that still count. Bound: one more than `restarts`. */
  #deaths: number[] = [];

  constructor({ restarts = 3, restartsWithinMs = 3_600_000, nowMs = () => performance.now() }: RestartBudgetOptions) {
    this.restarts = restarts;
    this.withinMs = restartsWithinMs;
    this.#nowMs = nowMs;
  }

  /** It has died. */
  spend(): void {
    this.#deaths.push(this.#nowMs());
    if (this.#deaths.length > this.restarts + 1) this.#deaths.shift();
  }

  /** True while it has died more often than it may be started again. */
  get spent(): boolean {
    const nowMs = this.#nowMs();
    this.#deaths = this.#deaths.filter((atMs) => nowMs - atMs < this.withinMs);
    return this.#deaths.length > this.restarts;
  }
}
