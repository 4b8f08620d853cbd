/**
 * Reads a stream of mono chunks by exact counts and holds no more than one chunk and one read at a time, so that a recording of any
 * length needs bounded memory. The source is closed (its iterator's `return`) by {@link SampleReader.close}.
 */
export class SampleReader {
  readonly #source: AsyncIterator<Float32Array>;
  readonly #path: string;
  #chunk = new Float32Array(0);
  #at = 0;
  #ended = false;
  #read = 0;
  #checked = 0;

  /** `path` begins the messages of `TypeError`s about the samples. */
  constructor(source: AsyncIterable<Float32Array>, path: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#path = path;
  }

  /** Real samples handed out so far. */
  get samplesRead(): number {
    return this.#read;
  }

  /** True once the source has ended and every real sample was handed out. */
  get exhausted(): boolean {
    return this.#ended && this.#at >= this.#chunk.length;
  }

  /** `count` samples, filled up with silence after the end of the source; `real` says how many of them came from it. */
  async read(count: number): Promise<{ pcm: Float32Array; real: number }> {
    const pcm = new Float32Array(count);
    let real = 0;
    while (real < count && (await this.#fill())) {
      const part = this.#chunk.subarray(this.#at, this.#at + count - real);
      pcm.set(part, real);
      this.#at += part.length;
      real += part.length;
    }
    this.#read += real;
    return { pcm, real };
  }

  /** Looks one sample ahead, so that {@link SampleReader.exhausted} is known at the end of a chunk. */
  async peek(): Promise<boolean> {
    return this.#fill();
  }

  /** Ends the source; reading after it gives silence. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#chunk = new Float32Array(0);
    this.#at = 0;
    await this.#source.return?.();
  }

  /** True when a real sample waits; pulls the next chunk where needed. */
  async #fill(): Promise<boolean> {
    while (this.#at >= this.#chunk.length) {
      if (this.#ended) return false;
      const next = await this.#source.next();
      if (next.done) {
        this.#ended = true;
        return false;
      }
      if (!(next.value instanceof Float32Array)) throw new TypeError(`${this.#path} must yield Float32Array chunks`);
      this.#check(next.value);
      this.#chunk = next.value as Float32Array<ArrayBuffer>;
      this.#at = 0;
    }
    return true;
  }

  #check(chunk: Float32Array): void {
    for (let i = 0; i < chunk.length; i++) {
      if (!Number.isFinite(chunk[i])) {
        const index = this.#checked + i;
        throw new TypeError(`${this.#path}: sample ${index} must be finite, not ${chunk[i]}`);
      }
    }
    this.#checked += chunk.length;
  }
}
