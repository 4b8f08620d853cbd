import { PercentileCounter, type Percentiles } from "../base/percentiles.js";

/** Blocks over which times are counted: a minute. */
const BLOCKS = 375;

/** What blocks took, as a whole and graph by graph, over about the last minute. */
export class BlockMeter {
  readonly #blockMs = new PercentileCounter(BLOCKS);
  readonly #stages = new Map<string, PercentileCounter>();

  /** From the beginning of a block to its four frames, in ms. */
  addBlock(tookMs: number): void {
    this.#blockMs.add(tookMs);
  }

  /** Each graph, in ms. */
  addStages(stageMs: Readonly<Record<string, number>>): void {
    for (const [stage, ms] of Object.entries(stageMs)) {
      const counter = this.#stages.get(stage) ?? new PercentileCounter(BLOCKS);
      this.#stages.set(stage, counter);
      counter.add(ms);
    }
  }

  get percentiles(): { readonly blockMs: Percentiles; readonly stages: Readonly<Record<string, Percentiles>> } {
    const stages = [...this.#stages].map(([stage, counter]) => [stage, counter.percentiles()]);
    return { blockMs: this.#blockMs.percentiles(), stages: Object.fromEntries(stages) };
  }
}
