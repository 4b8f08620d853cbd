/**
 * Gaussian noise that is the same for the same seed on every machine: sfc32 (Doty-Humphrey, PractRand; public domain) for the bits,
 * Box-Muller for the shape. Its state is four words, so a block can be generated again.
 */
export class SeededNoise {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** `seed` is a whole number from 0 to 2^32 - 1. */
  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = (seed ^ 0x9e3779b9) >>> 0;
    this.#c = 0x243f6a88;
    for (let i = 0; i < 16; i++) this.#bits();
  }

  /** f32 [length] of independent N(0, 1). */
  normal(length: number): Float32Array {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(this.#unit()));
      const angle = 2 * Math.PI * this.#unit();
      values[i] = radius * Math.cos(angle);
      if (i + 1 < length) values[i + 1] = radius * Math.sin(angle);
    }
    return values;
  }

  /** What {@link SeededNoise.restore} needs to go on from here. */
  save(): readonly number[] {
    return [this.#a, this.#b, this.#c, this.#counter];
  }

  /** Goes back to a saved place. */
  restore(saved: readonly number[]): void {
    [this.#a, this.#b, this.#c, this.#counter] = saved as [number, number, number, number];
  }

  /** (0, 1]: the logarithm of it is finite. */
  #unit(): number {
    return (this.#bits() + 1) / 4_294_967_296;
  }

  #bits(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }
}
