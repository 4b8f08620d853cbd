import { checkKeys, checkNumber, checkSamples } from "../base/option-checks.js";
import type { AudioChunk } from "./types.js";

/** Lowest sampling rate that is accepted, in Hz: below it speech is gone. */
export const MIN_SAMPLE_RATE_HZ = 1_000;
/** Highest sampling rate that is accepted, in Hz: four times the highest studio rate. */
export const MAX_SAMPLE_RATE_HZ = 768_000;
const MAX_CHANNELS = 64;

/**
 * Throws a `TypeError` naming `path` and the rule when `chunk` is not PCM that we can use: wrong types, a rate or channel
 * count out of range, a length that is no multiple of the channels, a sample that is NaN or infinite (its index is named).
 * Samples outside -1..1 are let through: a loud recording is no error.
 */
export function checkAudioChunk(chunk: AudioChunk, path: string): void {
  checkKeys(chunk, path, ["pcm", "sampleRateHz", "channels"]);
  const { pcm, sampleRateHz, channels = 1 } = chunk as AudioChunk;
  checkSampleRate(sampleRateHz, `${path}.sampleRateHz`);
  checkNumber(channels, `${path}.channels`, { min: 1, max: MAX_CHANNELS, integer: true });
  checkSamples(pcm, `${path}.pcm`);
  if (pcm.length % channels !== 0)
    throw new TypeError(`${path}.pcm.length must be a multiple of channels (${channels}), not ${pcm.length}`);
}

/** Throws a `TypeError` naming `path` unless `sampleRateHz` is a whole number of Hz within the accepted range. */
export function checkSampleRate(sampleRateHz: number, path: string): void {
  checkNumber(sampleRateHz, path, { min: MIN_SAMPLE_RATE_HZ, max: MAX_SAMPLE_RATE_HZ, integer: true });
}
