/** A place in the stream of {@link NormalRandom}; plain data. */
export type NormalRandomState = readonly [number, number, number, number];

/**
 * Normally distributed numbers that are the same everywhere for the same seed: xoshiro128** (Blackman and Vigna 2018,
 * "Scrambled linear pseudorandom number generators", public domain) made normal by Box and Muller 1958.
 */
export class NormalRandom {
  readonly #s = new Uint32Array(4);

  /** @param seed a whole number, 0 to 2^53 - 1 */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new TypeError(`seed must be a whole number of at least 0, not ${seed}`);
    // splitmix32 spreads the seed over the state, so that neighbouring seeds give unrelated streams.
    let low = seed >>> 0;
    const high = Math.floor(seed / 2 ** 32);
    for (let i = 0; i < 4; i++) {
      low = (low + 0x9e3779b9) >>> 0;
      let z = low ^ Math.imul(high + 1, 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#s[i] = z ^ (z >>> 15);
    }
  }

  /** Uniform 32-bit whole number. */
  nextUint32(): number {
    const s = this.#s;
    const x = Math.imul(s[1]!, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** Fills an array with N(0, 1) and hands it back. An odd last element uses half of its pair; the other half is dropped. */
  fill(target: Float32Array): Float32Array {
    for (let i = 0; i < target.length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((this.nextUint32() + 1) / 2 ** 32)); // (0, 1], so the log is finite
      const angle = (2 * Math.PI * this.nextUint32()) / 2 ** 32;
      target[i] = radius * Math.cos(angle);
      if (i + 1 < target.length) target[i + 1] = radius * Math.sin(angle);
    }
    return target;
  }

  /** Where the stream is now. */
  getState(): NormalRandomState {
    return [...this.#s] as unknown as NormalRandomState;
  }

  /** Goes on from a place that {@link getState} gave. */
  setState(state: NormalRandomState): void {
    if (state.length !== 4 || state.every((word) => word === 0)) {
      throw new TypeError("state must be four words, not all of them 0");
    }
    this.#s.set(state);
  }
}
