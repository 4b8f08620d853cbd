import type { AudioChunk } from "./types.js";

/** Lowest sampling rate that is accepted, in Hz: below it speech is gone. */
export const MIN_SAMPLE_RATE_HZ = 1_000;
/** Highest sampling rate that is accepted, in Hz: four times the highest studio rate. */
export const MAX_SAMPLE_RATE_HZ = 768_000;
const MAX_CHANNELS = 64;

/**
 * Throws a `TypeError` naming `path` and the rule when `chunk` is not PCM that we can use: wrong types, a rate or channel
 * count out of range, a length that is no multiple of the channels, a sample that is NaN or infinite (its index is named).
 * Samples outside -1..1 are let through: clipping is the mixer's business, and a loud recording is no error.
 */
export function checkAudioChunk(chunk: AudioChunk, path: string): void {
  if (typeof chunk !== "object" || chunk === null)
    throw new TypeError(`${path} must be an object { pcm, sampleRateHz }`);
  const { pcm, sampleRateHz, channels = 1 } = chunk;
  for (const key of Object.keys(chunk)) {
    if (key !== "pcm" && key !== "sampleRateHz" && key !== "channels")
      throw new TypeError(`${path}.${key} is not an option; known are pcm, sampleRateHz, channels`);
  }
  if (!(pcm instanceof Float32Array)) throw new TypeError(`${path}.pcm must be a Float32Array of samples in -1..1`);
  checkSampleRate(sampleRateHz, `${path}.sampleRateHz`);
  if (!Number.isInteger(channels) || channels < 1 || channels > MAX_CHANNELS)
    throw new TypeError(`${path}.channels must be a whole number from 1 to ${MAX_CHANNELS}, got ${String(channels)}`);
  if (pcm.length % channels !== 0)
    throw new TypeError(`${path}.pcm.length must be a multiple of channels (${channels}), got ${pcm.length}`);
  checkFinite(pcm, `${path}.pcm`);
}

/** Throws a `TypeError` naming `path` unless `sampleRateHz` is a whole number of Hz within the accepted range. */
export function checkSampleRate(sampleRateHz: number, path: string): void {
  if (!Number.isInteger(sampleRateHz) || sampleRateHz < MIN_SAMPLE_RATE_HZ || sampleRateHz > MAX_SAMPLE_RATE_HZ)
    throw new TypeError(
      `${path} must be a whole number of Hz from ${MIN_SAMPLE_RATE_HZ} to ${MAX_SAMPLE_RATE_HZ}, got ${String(sampleRateHz)}`,
    );
}

/** Throws a `TypeError` naming `path`, the index and the value of the first number that is NaN or infinite. */
export function checkFinite(values: Float32Array, path: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new TypeError(`${path}[${i}] must be a finite number, got ${values[i]}`);
  }
}
