import FFT from "fft.js";

/**
 * AnalyserNode.getByteFrequencyData as the Web Audio specification defines it (section 1.8): Blackman window, magnitudes over fftSize, smoothing over time 0.8,
 * -100..-30 dB onto 0..255. `check-analyser.mjs` compares it with Chromium's own.
 */
export class OfflineAnalyser {
  readonly frequencyBinCount: number;
  readonly #size: number;
  readonly #fft: FFT;
  readonly #window: Float64Array;
  readonly #smoothed: Float64Array;
  readonly #spectrum: number[];
  readonly #pcm: Float32Array;
  /** Samples that have been heard. */
  heard = 0;

  constructor(options: { pcm: Float32Array; fftSize: number }) {
    const size = options.fftSize;
    this.#size = size;
    this.#pcm = options.pcm;
    this.frequencyBinCount = size / 2;
    this.#fft = new FFT(size);
    this.#spectrum = this.#fft.createComplexArray();
    this.#smoothed = new Float64Array(size / 2);
    const alpha = 0.16;
    this.#window = Float64Array.from({ length: size }, (_, n) => {
      const phase = (2 * Math.PI * n) / size;
      return (1 - alpha) / 2 - 0.5 * Math.cos(phase) + (alpha / 2) * Math.cos(2 * phase);
    });
  }

  getByteFrequencyData(out: Uint8Array): void {
    const size = this.#size;
    const frame = new Float64Array(size);
    for (let n = 0; n < size; n++) frame[n] = (this.#pcm[this.heard - size + n] ?? 0) * this.#window[n]!;
    this.#fft.realTransform(this.#spectrum, frame);
    for (let k = 0; k < size / 2; k++) {
      const magnitude = Math.hypot(this.#spectrum[2 * k]!, this.#spectrum[2 * k + 1]!) / size;
      this.#smoothed[k] = 0.8 * this.#smoothed[k]! + 0.2 * magnitude;
      const decibels = 20 * Math.log10(this.#smoothed[k]!);
      out[k] = Math.max(0, Math.min(255, Math.floor((255 / 70) * (decibels + 100))));
    }
  }
}
