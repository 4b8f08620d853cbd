import { type AudioCodec, AudioSample, AudioSampleSource } from "mediabunny";
import type { PlacedSound } from "./sample-placer.js";

const BITRATE = 96_000;
/** Sound that lies so far behind the pictures, in ms, is taken for silence, so that the file can be written on. */
const LONGEST_WAIT_MS = 2_000;
/** Silence comes in pieces of this length at most, in samples. */
const SILENCE_SAMPLES = 48_000;

/** The sound of a recording: samples at their places, silence between them, nothing twice. */
export class SoundTrack {
  readonly source: AudioSampleSource;
  readonly #zeroMs: number;
  readonly #sampleRateHz: number;
  #written = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param zeroMs where the recording begins, on the agent's clock */
  constructor(options: { codec: AudioCodec; sampleRateHz: number; zeroMs: number }) {
    this.source = new AudioSampleSource({ codec: options.codec, bitrate: BITRATE });
    this.#sampleRateHz = options.sampleRateHz;
    this.#zeroMs = options.zeroMs;
  }

  /** Writes a chunk at its place; what is before the beginning, or written already, is left out. */
  add({ startMs, pcm }: PlacedSound): void {
    const start = this.#sampleAt(startMs);
    // A sample more or less is rounding, not a gap.
    if (start > this.#written + 2) this.#silence(start);
    const skip = Math.max(0, Math.abs(start - this.#written) <= 2 ? 0 : this.#written - start);
    if (skip < pcm.length) this.#write(pcm.subarray(skip));
  }

  /** Pictures have come up to here: a sound that does not come any more is silence. */
  follow(pictureMs: number): void {
    this.#silence(this.#sampleAt(pictureMs - LONGEST_WAIT_MS));
  }

  /** Silence up to the end, and everything written. */
  async finish(endMs: number): Promise<void> {
    this.#silence(this.#sampleAt(endMs));
    await this.#last;
  }

  #sampleAt(ms: number): number {
    return Math.round(((ms - this.#zeroMs) * this.#sampleRateHz) / 1_000);
  }

  #silence(until: number): void {
    while (this.#written < until) this.#write(new Float32Array(Math.min(SILENCE_SAMPLES, until - this.#written)));
  }

  #write(pcm: Float32Array): void {
    const sample = new AudioSample({
      format: "f32-planar",
      sampleRate: this.#sampleRateHz,
      numberOfChannels: 1,
      timestamp: this.#written / this.#sampleRateHz,
      data: pcm,
    });
    this.#written += pcm.length;
    this.#last = this.#last.then(async () => {
      await this.source.add(sample);
      sample.close();
    });
    this.#last.catch(() => {}); // finish() tells
  }
}
