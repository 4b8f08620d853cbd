/** A stretch of a recording in which someone speaks; seconds from its start. */
export type SpeechSegment = { readonly startS: number; readonly endS: number };

/** Loudness of one window below which it is a pause: -46 dB full scale. */
const QUIET_RMS = 0.005;
const WINDOW_S = 0.02;
/** Pauses shorter than this belong to the speech: a breath is not the end of a turn. */
const LONGEST_BREATH_S = 0.7;
/** Room before and after, so that no soft onset is cut. */
const MARGIN_S = 0.08;

/**
 * Finds the turns of one side in its channel of a conversation.
 * @param pcm mono samples, -1..1
 */
export function findSpeech(pcm: Float32Array, sampleRateHz: number): SpeechSegment[] {
  const size = Math.max(1, Math.round(WINDOW_S * sampleRateHz));
  const durationS = pcm.length / sampleRateHz;
  const segments: { startS: number; endS: number }[] = [];
  for (let start = 0; start < pcm.length; start += size) {
    const end = Math.min(pcm.length, start + size);
    if (rms(pcm, start, end) < QUIET_RMS) continue;
    const startS = Math.max(0, start / sampleRateHz - MARGIN_S);
    const endS = Math.min(durationS, end / sampleRateHz + MARGIN_S);
    const last = segments.at(-1);
    if (last && startS - last.endS < LONGEST_BREATH_S) last.endS = endS;
    else segments.push({ startS, endS });
  }
  return segments;
}

/** Root mean square of samples start..end - 1. */
export function rms(pcm: Float32Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i += 1) sum += pcm[i]! * pcm[i]!;
  return Math.sqrt(sum / Math.max(1, end - start));
}
