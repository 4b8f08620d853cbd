import type { Percentiles } from "./types.js";

/** A 30-minute render has 11,250 blocks; beyond this many the oldest are forgotten. */
const MAX_VALUES = 20_000;

/** Collects times and gives their percentiles. Bound: 20,000 values, the oldest dropped. */
export class PercentileCounter {
  readonly #values: number[] = [];
  #next = 0;

  /** Adds one value. */
  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % MAX_VALUES;
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
