/**
 * Streaming rate conversion by a polyphase windowed sinc, Kaiser window (Smith, "Digital Audio Resampling", 2002; Kaiser 1974).
 * Our own because the npm packages that exist either keep no state between chunks, cannot be flushed to an exact length, or are
 * no longer kept; the test states the pass band, the stop band and the length.
 */

/** Zero crossings of the sinc on each side: 64 periods at Kaiser 90 dB put the transition within 0.82..1 of the lower Nyquist rate. */
const ZERO_CROSSINGS = 32;
/** Middle of the transition as a share of the lower Nyquist rate, so that the stop band begins at that rate. */
const CUTOFF = 0.91;
/** Kaiser's beta for 90 dB: 0.1102 (A - 8.7). */
const KAISER_BETA = 0.1102 * (90 - 8.7);
/** Above so many coefficients phases are rounded to 1/1024 of an input sample (an error near -75 dB, only at rates like 44,101 Hz). */
const MAX_COEFFICIENTS = 1 << 20;
const ROUNDED_PHASES = 1024;

/**
 * Converts a stream of mono samples from one whole rate to another. Chunks may have any length: the result is the same sample for
 * sample. Output n is the input at time n * in / out, without delay, so `flush()` brings the total to ceil(N * out / in).
 */
export class StreamResampler {
  readonly #inRateHz: number;
  readonly #outRateHz: number;
  /** Input samples needed on each side of an output. */
  readonly #reach: number;
  readonly #step: number;
  readonly #phases: number;
  readonly #rows: Float32Array[] = [];
  /** Input samples that later outputs still need; `#held[0]` is input number `#heldFrom` of the current second. */
  #held: Float32Array;
  #heldLength: number;
  /** Input number of `#held[0]`, and the number of the next output, both counted from a common origin that moves on each second. */
  #heldFrom: number;
  #next = 0;
  #inputs = 0;

  /** Rates in Hz, whole numbers. */
  constructor(rates: { inRateHz: number; outRateHz: number }) {
    const { inRateHz, outRateHz } = rates;
    this.#inRateHz = inRateHz;
    this.#outRateHz = outRateHz;
    const bandwidth = CUTOFF * Math.min(1, outRateHz / inRateHz);
    this.#step = bandwidth;
    this.#reach = Math.ceil(ZERO_CROSSINGS / bandwidth);
    const exact = outRateHz / greatestCommonDivisor(inRateHz, outRateHz);
    this.#phases = exact * 2 * this.#reach > MAX_COEFFICIENTS ? ROUNDED_PHASES : exact;
    // The stream is preceded by silence.
    this.#held = new Float32Array(4 * this.#reach);
    this.#heldLength = this.#reach;
    this.#heldFrom = -this.#reach;
  }

  /** The outputs that `pcm` completes. The result is the caller's. */
  push(pcm: Float32Array): Float32Array {
    this.#append(pcm);
    this.#inputs += pcm.length;
    return this.#drain(Number.POSITIVE_INFINITY);
  }

  /** The last outputs; the stream starts afresh after it. */
  flush(): Float32Array {
    const total = Math.ceil((this.#inputs * this.#outRateHz) / this.#inRateHz);
    this.#append(new Float32Array(2 * this.#reach + 1));
    const rest = this.#drain(total);
    this.#heldLength = this.#reach;
    this.#held.fill(0);
    this.#heldFrom = -this.#reach;
    this.#next = 0;
    this.#inputs = 0;
    return rest;
  }

  #append(pcm: Float32Array): void {
    const needed = this.#heldLength + pcm.length;
    if (needed > this.#held.length) {
      const grown = new Float32Array(needed + 4 * this.#reach);
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(pcm, this.#heldLength);
    this.#heldLength = needed;
  }

  #drain(end: number): Float32Array {
    const width = 2 * this.#reach;
    const available = this.#heldFrom + this.#heldLength - this.#reach - 1;
    const out: Float32Array = new Float32Array(
      Math.max(0, Math.ceil(((available + 1) * this.#outRateHz) / this.#inRateHz) - this.#next + 1),
    );
    let count = 0;
    while (this.#next < end) {
      const scaled = this.#next * this.#inRateHz; // exact: below 2^53 because the origin moves
      let whole = Math.floor(scaled / this.#outRateHz);
      let phase = ((scaled - whole * this.#outRateHz) * this.#phases) / this.#outRateHz;
      phase = Math.round(phase);
      if (phase === this.#phases) {
        phase = 0;
        whole += 1;
      }
      if (whole > available) break;
      const row = this.#rowOf(phase);
      const from = whole - this.#reach + 1 - this.#heldFrom;
      let sum = 0;
      for (let i = 0; i < width; i++) sum += row[i]! * this.#held[from + i]!;
      out[count++] = sum;
      this.#next += 1;
    }
    this.#forget();
    return out.slice(0, count);
  }

  /** Drops the inputs that no later output needs, and moves the origin so that numbers stay small for ever. */
  #forget(): void {
    const oldest = Math.floor((this.#next * this.#inRateHz) / this.#outRateHz) - this.#reach;
    const drop = Math.min(Math.max(0, oldest - this.#heldFrom), this.#heldLength);
    if (drop > 0) {
      this.#held.copyWithin(0, drop, this.#heldLength);
      this.#heldLength -= drop;
      this.#heldFrom += drop;
    }
    const seconds = Math.floor(this.#next / this.#outRateHz);
    if (seconds > 0 && this.#heldLength > 0) {
      this.#next -= seconds * this.#outRateHz;
      this.#heldFrom -= seconds * this.#inRateHz;
      this.#inputs -= seconds * this.#inRateHz;
    }
  }

  /** Coefficients for outputs that lie `phase / phases` of a sample after an input; made once, unit gain at 0 Hz. */
  #rowOf(phase: number): Float32Array {
    const known = this.#rows[phase];
    if (known) return known;
    const row = new Float64Array(2 * this.#reach);
    const fraction = phase / this.#phases;
    let sum = 0;
    for (let i = 0; i < row.length; i++) {
      const distance = i - this.#reach + 1 - fraction; // in input samples
      const x = distance * this.#step; // in periods of the sinc
      const inside = 1 - (x / ZERO_CROSSINGS) ** 2;
      row[i] = inside <= 0 ? 0 : sinc(x) * besselI0(KAISER_BETA * Math.sqrt(inside));
      sum += row[i]!;
    }
    const made = Float32Array.from(row, (value) => value / sum);
    this.#rows[phase] = made;
    return made;
  }
}

function sinc(x: number): number {
  return Math.abs(x) < 1e-12 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
