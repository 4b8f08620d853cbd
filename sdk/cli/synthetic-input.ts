/**
 * A voice made by formula, the same on every machine: a buzz of 24 harmonics near 120 Hz through two moving resonances, in syllables of
 * a quarter second with pauses. It is speech enough to keep every stage busy, and needs no file.
 */
export function syntheticVoice(options: { seconds: number; sampleRateHz: number; pitchHz?: number }): Float32Array {
  const { seconds, sampleRateHz, pitchHz = 120 } = options;
  const pcm = new Float32Array(Math.round(seconds * sampleRateHz));
  let phase = 0;
  for (let i = 0; i < pcm.length; i++) {
    const t = i / sampleRateHz;
    const pitch = pitchHz * (1 + 0.08 * Math.sin(2 * Math.PI * 0.7 * t));
    phase += (2 * Math.PI * pitch) / sampleRateHz;
    const first = 500 + 250 * Math.sin(2 * Math.PI * 1.9 * t); // Hz
    const second = 1500 + 600 * Math.sin(2 * Math.PI * 1.3 * t + 1);
    let sum = 0;
    for (let k = 1; k <= 24; k++) sum += resonance(k * pitch, first, second) * Math.sin(k * phase);
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 2 * t)) * (t % 3 < 2.25 ? 1 : 0);
    pcm[i] = 0.15 * syllable * sum;
  }
  return pcm;
}

/** Gain of a voice at `hz` with two resonances 150 Hz wide. */
function resonance(hz: number, first: number, second: number): number {
  return 1 / (1 + ((hz - first) / 150) ** 2) + 0.5 / (1 + ((hz - second) / 150) ** 2);
}

/** The samples as a stream of chunks, as the renderer takes them. */
export async function* inChunks(pcm: Float32Array, length = 4_096): AsyncGenerator<Float32Array> {
  for (let at = 0; at < pcm.length; at += length) yield pcm.slice(at, at + length);
}
