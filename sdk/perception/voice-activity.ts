/** What the watch says when it changes its mind. */
export type VoiceChange = { readonly speaking: boolean };

/** Length of a frame, in seconds. */
const FRAME_S = 0.02;
/** Band of the voice in Hz: hum and rumble lie below it, hiss above. */
const LOW_HZ = 150;
const HIGH_HZ = 3_600;
/** The floor is the quietest frame of this long a time, in frames: 3 s, longer than a phrase without a pause. */
const FLOOR_FRAMES = 150;
/** A voice is so far above the floor, in dB, to begin and to go on. */
const BEGIN_DB = 10;
const GO_ON_DB = 6;
/** Nothing below this level is a voice, in dB of full scale: the noise of an open microphone. */
const QUIETEST_DB = -55;
/** Loud frames within the last {@link BEGIN_WINDOW} to begin: 80 ms of 120 ms, longer than a click. */
const BEGIN_FRAMES = 4;
const BEGIN_WINDOW = 6;
/** Quiet frames after which it is over: 400 ms, longer than the pause of a plosive or a breath. */
const HANG_FRAMES = 20;

/**
 * Tells when somebody speaks into a microphone: the energy of the voice's band against a floor that follows the room. Made for
 * captions, turn taking and figures; the model listens to everything.
 */
export class VoiceActivity {
  readonly #frameSamples: number;
  readonly #filters: readonly Biquad[];
  readonly #levels: number[] = [];
  readonly #loud: boolean[] = [];
  #sum = 0;
  #count = 0;
  #quiet = 0;
  #speaking = false;

  constructor(options: { sampleRateHz: number }) {
    const { sampleRateHz } = options;
    this.#frameSamples = Math.round(FRAME_S * sampleRateHz);
    this.#filters = [Biquad.highPass(LOW_HZ, sampleRateHz), Biquad.lowPass(HIGH_HZ, sampleRateHz)];
  }

  /** True while somebody speaks. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Takes mono samples, -1..1; gives the change that they bring, if there is one. */
  push(pcm: Float32Array): VoiceChange | null {
    const before = this.#speaking;
    for (const sample of pcm) {
      let value = sample;
      for (const filter of this.#filters) value = filter.next(value);
      this.#sum += value * value;
      this.#count += 1;
      if (this.#count === this.#frameSamples) this.#frame();
    }
    return this.#speaking === before ? null : { speaking: this.#speaking };
  }

  /** As if nothing had been heard. */
  reset(): void {
    this.#levels.length = 0;
    this.#loud.length = 0;
    this.#speaking = false;
    this.#quiet = 0;
  }

  #frame(): void {
    const level = 10 * Math.log10(this.#sum / this.#count + 1e-12); // dB of full scale
    this.#sum = 0;
    this.#count = 0;
    this.#levels.push(level);
    if (this.#levels.length > FLOOR_FRAMES) this.#levels.shift();
    const floor = Math.max(QUIETEST_DB - BEGIN_DB, quantile(this.#levels, 0.1));
    const over = level - floor;
    this.#loud.push(over > BEGIN_DB && level > QUIETEST_DB);
    if (this.#loud.length > BEGIN_WINDOW) this.#loud.shift();
    if (this.#speaking) {
      this.#quiet = over > GO_ON_DB ? 0 : this.#quiet + 1;
      if (this.#quiet >= HANG_FRAMES) this.#speaking = false;
    } else if (this.#loud.filter(Boolean).length >= BEGIN_FRAMES) {
      this.#speaking = true;
      this.#quiet = 0;
    }
  }
}

/** The value below which a share of the numbers lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))]!;
}

/** A filter of second order, after R. Bristow-Johnson's "Audio EQ Cookbook", Q = 0.707. */
class Biquad {
  readonly #b: readonly [number, number, number];
  readonly #a: readonly [number, number];
  #x1 = 0;
  #x2 = 0;
  #y1 = 0;
  #y2 = 0;

  private constructor(b: readonly [number, number, number], a: readonly [number, number, number]) {
    this.#b = [b[0] / a[0], b[1] / a[0], b[2] / a[0]];
    this.#a = [a[1] / a[0], a[2] / a[0]];
  }

  static lowPass(hz: number, rateHz: number): Biquad {
    const { cos, alpha } = angle(hz, rateHz);
    return new Biquad([(1 - cos) / 2, 1 - cos, (1 - cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]);
  }

  static highPass(hz: number, rateHz: number): Biquad {
    const { cos, alpha } = angle(hz, rateHz);
    return new Biquad([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]);
  }

  next(x: number): number {
    const [b0, b1, b2] = this.#b;
    const [a1, a2] = this.#a;
    const y = b0 * x + b1 * this.#x1 + b2 * this.#x2 - a1 * this.#y1 - a2 * this.#y2;
    this.#x2 = this.#x1;
    this.#x1 = x;
    this.#y2 = this.#y1;
    this.#y1 = y;
    return y;
  }
}

function angle(hz: number, rateHz: number): { cos: number; alpha: number } {
  const omega = (2 * Math.PI * hz) / rateHz;
  return { cos: Math.cos(omega), alpha: Math.sin(omega) / Math.SQRT2 };
}
