/** Root mean square from which a frame counts as speech: -50 dB, above the noise floor of a clean recording. */
const SPEECH_RMS = 0.00316;
/** Frames for which speech goes on after the last loud one: pauses between words are no turns. */
const HOLD_FRAMES = 10;

/** Tells for each frame, in order, whether its audio has speech in it or shortly before it. */
export class SpeechActivity {
  readonly #samplesPerFrame: number;
  readonly #loud: boolean[] = [];
  #square = 0;
  #count = 0;
  #hold = 0;

  constructor(options: { samplesPerFrame: number }) {
    this.#samplesPerFrame = options.samplesPerFrame;
  }

  /** Adds samples, which need not end with a frame. */
  push(pcm: Float32Array): void {
    for (const sample of pcm) {
      this.#square += sample * sample;
      this.#count += 1;
      if (this.#count < this.#samplesPerFrame) continue;
      this.#loud.push(Math.sqrt(this.#square / this.#count) > SPEECH_RMS);
      this.#square = 0;
      this.#count = 0;
    }
  }

  /** Whether there is speech in the next frame; silence where its samples have not come. */
  next(): boolean {
    this.#hold = this.#loud.shift() ? HOLD_FRAMES : Math.max(0, this.#hold - 1);
    return this.#hold > 0;
  }
}
