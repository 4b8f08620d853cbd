/** 50th and 95th percentile, in ms. */
export type Percentiles = { readonly p50: number; readonly p95: number };

/** A 30-minute render has 11,250 blocks. */
const DEFAULT_CAPACITY = 20_000;

/** Collects times and gives their percentiles. Bound: `capacity` values, the oldest dropped. */
export class PercentileCounter {
  readonly #capacity: number;
  readonly #values: number[] = [];
  #next = 0;

  /** `capacity` is the number of values that count. @default 20000 */
  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** Adds one value. */
  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** Nearest-rank percentiles, rounded to a microsecond; 0 without values. */
  percentiles(): Percentiles {
    const sorted = [...this.#values].sort((a, b) => a - b);
    const at = (share: number): number => {
      const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
      return Math.round(value * 1_000) / 1_000;
    };
    return { p50: at(0.5), p95: at(0.95) };
  }
}
