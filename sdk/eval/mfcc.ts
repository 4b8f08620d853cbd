import FFT from "fft.js";

/** The front end that SyncNet was trained with: `python_speech_features.mfcc(int16, 16000)`, which no other MFCC equals. */
export const SYNCNET_MFCC = {
  sampleRateHz: 16_000,
  windowSamples: 400,
  stepSamples: 160,
  fftSize: 512,
  filters: 26,
  coefficients: 13,
  lifter: 22,
  preEmphasis: 0.97,
} as const;

/** numpy.finfo(float).eps: stands for an energy of 0 before the logarithm. */
const SMALLEST_ENERGY = 2.220446049250313e-16;

/**
 * MFCC [T, 13] of 16 kHz mono sound at int16 scale (-32768..32767, NOT -1..1); T = 1 + ceil((N - 400) / 160), the tail padded with zeros.
 * Pre-emphasis, rectangular windows, |X|^2 / 512, mel filters from 0 to 8000 Hz, natural logarithm, DCT-II ortho, lifter, and c0 replaced by
 * ln(frame energy).
 * @throws TypeError for no samples
 */
export function mfcc(pcm: ArrayLike<number>): Float64Array[] {
  const { windowSamples, stepSamples, fftSize, coefficients, lifter, preEmphasis } = SYNCNET_MFCC;
  if (pcm.length === 0) throw new TypeError("pcm must have at least one sample");
  const frames = pcm.length <= windowSamples ? 1 : 1 + Math.ceil((pcm.length - windowSamples) / stepSamples);
  const transform = new FFT(fftSize);
  const frame = new Float64Array(fftSize);
  const spectrum = transform.createComplexArray();
  return Array.from({ length: frames }, (_, t) => {
    frame.fill(0);
    for (let i = 0; i < windowSamples; i++) {
      const n = t * stepSamples + i;
      if (n < pcm.length) frame[i] = pcm[n]! - (n === 0 ? 0 : preEmphasis * pcm[n - 1]!);
    }
    transform.realTransform(spectrum, frame);
    const power = Float64Array.from({ length: fftSize / 2 + 1 }, (_, k) => {
      const [re, im] = [spectrum[2 * k]!, spectrum[2 * k + 1]!];
      return (re * re + im * im) / fftSize;
    });
    const energy = power.reduce((sum, value) => sum + value, 0) || SMALLEST_ENERGY;
    const logs = MEL_FILTERS.map((weights) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * power[k]!;
      return Math.log(sum || SMALLEST_ENERGY);
    });
    const cepstrum = new Float64Array(coefficients);
    for (let n = 0; n < coefficients; n++) {
      let sum = 0;
      for (let m = 0; m < logs.length; m++) sum += logs[m]! * Math.cos((Math.PI * n * (2 * m + 1)) / (2 * logs.length));
      const ortho = Math.sqrt((n === 0 ? 1 : 2) / logs.length); // DCT-II with norm "ortho"
      cepstrum[n] = ortho * sum * (1 + (lifter / 2) * Math.sin((Math.PI * n) / lifter));
    }
    cepstrum[0] = Math.log(energy);
    return cepstrum;
  });
}

/** FFT bins at which the 26 triangles begin, peak and end: floor(513 f / 16000) of 28 points equally spaced in mel, 0..8000 Hz. */
export const FILTER_BINS: readonly number[] = (() => {
  const { filters, fftSize, sampleRateHz } = SYNCNET_MFCC;
  const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
  const hz = (value: number) => 700 * (10 ** (value / 2595) - 1);
  const top = mel(sampleRateHz / 2);
  return Array.from({ length: filters + 2 }, (_, i) =>
    Math.floor(((fftSize + 1) * hz((i * top) / (filters + 1))) / sampleRateHz),
  );
})();

const MEL_FILTERS: readonly Float64Array[] = Array.from({ length: SYNCNET_MFCC.filters }, (_, j) => {
  const [from, peak, to] = [FILTER_BINS[j]!, FILTER_BINS[j + 1]!, FILTER_BINS[j + 2]!];
  const weights = new Float64Array(SYNCNET_MFCC.fftSize / 2 + 1);
  for (let k = from; k < peak; k++) weights[k] = (k - from) / (peak - from);
  for (let k = peak; k < to; k++) weights[k] = (to - k) / (to - peak);
  return weights;
});
