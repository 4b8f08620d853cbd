/** Counters of a {@link BlockAssembler}, in samples since it was made. */
export type BlockAssemblerCounters = { readonly pushed: number; readonly dropped: number; readonly padded: number };

/**
 * A bounded first-in first-out store of live samples, read a block at a time. Bound: `capacity` samples. Drop rule: the oldest go,
 * because the newest say what the person does now. A block that finds too few samples is filled up with silence in front of them
 * (the newest sample is always the last one), and counted as padded once the source has begun.
 */
export class BlockAssembler {
  readonly #ring: Float32Array;
  readonly #blockSamples: number;
  #start = 0;
  #length = 0;
  #pushed = 0;
  #dropped = 0;
  #padded = 0;

  /** `blockSamples` is the size of a block; `capacity` the bound, both in samples. @default capacity: three blocks */
  constructor(options: { blockSamples: number; capacity?: number }) {
    this.#blockSamples = options.blockSamples;
    this.#ring = new Float32Array(options.capacity ?? 3 * options.blockSamples);
  }

  /** Samples waiting. */
  get length(): number {
    return this.#length;
  }

  /** Appends samples; when the bound is passed the oldest are dropped and counted. */
  push(pcm: Float32Array): void {
    const capacity = this.#ring.length;
    this.#pushed += pcm.length;
    let kept = pcm;
    if (pcm.length > capacity) {
      kept = pcm.subarray(pcm.length - capacity);
      this.#dropped += pcm.length - capacity;
    }
    const excess = Math.max(0, this.#length + kept.length - capacity);
    this.#drop(excess);
    const at = (this.#start + this.#length) % capacity;
    const first = Math.min(kept.length, capacity - at);
    this.#ring.set(kept.subarray(0, first), at);
    this.#ring.set(kept.subarray(first), 0);
    this.#length += kept.length;
  }

  /** The next block, oldest samples first; the array is the caller's. */
  take(): Float32Array {
    const block = new Float32Array(this.#blockSamples);
    const count = Math.min(this.#length, this.#blockSamples);
    const missing = this.#blockSamples - count;
    for (let i = 0; i < count; i++) block[missing + i] = this.#ring[(this.#start + i) % this.#ring.length]!;
    this.#start = (this.#start + count) % this.#ring.length;
    this.#length -= count;
    if (this.#pushed > 0) this.#padded += missing;
    return block;
  }

  /** Samples pushed, dropped because the reader was late, and padded because the source was. */
  counters(): BlockAssemblerCounters {
    return { pushed: this.#pushed, dropped: this.#dropped, padded: this.#padded };
  }

  /** Forgets what waits; counters stay. */
  clear(): void {
    this.#start = 0;
    this.#length = 0;
  }

  #drop(count: number): void {
    this.#start = (this.#start + count) % this.#ring.length;
    this.#length -= count;
    this.#dropped += count;
  }
}
