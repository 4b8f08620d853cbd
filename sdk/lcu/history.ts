/** What `phi` reads: the last minutes at one entry a second. */
export type HistoryTensors = {
  /** f32 [entries * values], oldest first, right-aligned; unfilled entries are 0. */
  readonly history: Float32Array;
  /** f32 [entries], 1 = filled. */
  readonly mask: Float32Array;
};

/**
 * The user's behaviour, thinned out: one entry for every `blocksPerEntry` blocks, the mean over their frames of
 * `[face 58 | presence 1 | audio features of the frame itself 128]` (docs/pack.md). Bound: `entries`, the oldest dropped.
 */
export class HistoryRing {
  readonly #entries: number;
  readonly #blocksPerEntry: number;
  readonly #values: number;
  readonly #history: Float32Array;
  readonly #sum: Float64Array;
  #filled = 0;
  #frames = 0;
  #blocks = 0;

  /** `entries` and `blocksPerEntry` are the pack's limits; `values` the width of an entry (187). */
  constructor(options: { entries: number; blocksPerEntry: number; values: number }) {
    this.#entries = options.entries;
    this.#blocksPerEntry = options.blocksPerEntry;
    this.#values = options.values;
    this.#history = new Float32Array(options.entries * options.values);
    this.#sum = new Float64Array(options.values);
  }

  /** Entries that are filled. */
  get filled(): number {
    return this.#filled;
  }

  /**
   * Adds one block: `face` [frames * 58], `presence` [frames], `features` [frames, window, width] of which the last window place is
   * the frame itself. True when it completed an entry, that is when `phi` has something new to read.
   */
  addBlock(block: { face: Float32Array; presence: Float32Array; features: Float32Array; window: number }): boolean {
    const frames = block.presence.length;
    const faceWidth = block.face.length / frames;
    const stride = block.features.length / frames;
    const width = stride / block.window;
    for (let f = 0; f < frames; f++) {
      let at = 0;
      for (let i = 0; i < faceWidth; i++) this.#sum[at++]! += block.face[f * faceWidth + i]!;
      this.#sum[at++]! += block.presence[f]!;
      for (let i = stride - width; i < stride; i++) this.#sum[at++]! += block.features[f * stride + i]!;
    }
    this.#frames += frames;
    this.#blocks += 1;
    if (this.#blocks < this.#blocksPerEntry) return false;
    this.#history.copyWithin(0, this.#values);
    this.#history.set(
      this.#sum.map((sum) => sum / this.#frames),
      this.#history.length - this.#values,
    );
    this.#filled = Math.min(this.#filled + 1, this.#entries);
    this.#sum.fill(0);
    this.#frames = 0;
    this.#blocks = 0;
    return true;
  }

  /** Copies of the tensors; the caller owns them. */
  tensors(): HistoryTensors {
    const mask = new Float32Array(this.#entries);
    mask.fill(1, this.#entries - this.#filled);
    return { history: this.#history.slice(), mask };
  }

  /** Back to empty. */
  reset(): void {
    this.#history.fill(0);
    this.#sum.fill(0);
    this.#filled = 0;
    this.#frames = 0;
    this.#blocks = 0;
  }
}
