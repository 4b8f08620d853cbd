/** Chunks over which arrival times are compared: about a second of chunks of 20 ms. */
const WINDOW = 50;
/** Chunks that are held back until the first place is known: the first ones come when a page is busiest. */
const HELD = 12;
/** Sound that is so far from its place, in ms, is put there: the context was suspended. Less is jitter of the page. */
const JUMP_MS = 60;

/** A chunk of sound with the place of its first sample, in ms on the agent's clock. */
export type PlacedSound = { readonly startMs: number; readonly pcm: Float32Array; readonly sampleRateHz: number };

/**
 * Gives samples that come from an audio thread their place on the agent's clock. They are counted, because a page gets them late and
 * unevenly; the earliest arrival of the last second says where the count stands.
 */
export class SamplePlacer {
  readonly #offsets: number[] = [];
  #held: { readonly countedMs: number; readonly pcm: Float32Array; readonly sampleRateHz: number }[] | null = [];
  /** ms on the clock = ms counted + this. */
  #offsetMs = 0;
  #countedMs = 0;

  /**
   * Takes a chunk; gives those whose place is known now.
   * @param nowMs when its last sample is heard as far as its arrival tells, on the agent's clock
   */
  add(pcm: Float32Array, sampleRateHz: number, nowMs: number): PlacedSound[] {
    const chunk = { countedMs: this.#countedMs, pcm, sampleRateHz };
    this.#countedMs += (pcm.length * 1_000) / sampleRateHz;
    this.#offsets.push(nowMs - this.#countedMs);
    if (this.#offsets.length > WINDOW) this.#offsets.shift();
    const earliest = Math.min(...this.#offsets);
    if (this.#held !== null) {
      this.#held.push(chunk);
      return this.#held.length < HELD ? [] : this.flush();
    }
    if (Math.abs(earliest - this.#offsetMs) > JUMP_MS) this.#offsetMs = earliest;
    return [this.#place(chunk)];
  }

  /** The chunks that are still held back: the recording ends before the first place was sure. */
  flush(): PlacedSound[] {
    if (this.#held === null) return [];
    const held = this.#held;
    this.#held = null;
    this.#offsetMs = Math.min(...this.#offsets);
    return held.map((chunk) => this.#place(chunk));
  }

  #place({
    countedMs,
    pcm,
    sampleRateHz,
  }: {
    countedMs: number;
    pcm: Float32Array;
    sampleRateHz: number;
  }): PlacedSound {
    return { startMs: countedMs + this.#offsetMs, pcm, sampleRateHz };
  }
}
