/**
 * Mean of `channels` interleaved channels: `[n * channels] -> [n]`. One channel is returned as it is, not copied.
 * The mean never clips and keeps the level of a voice that is on all channels.
 */
export function mixMono(pcm: Float32Array, channels: number): Float32Array {
  if (channels === 1) return pcm;
  const mono = new Float32Array(pcm.length / channels);
  for (let i = 0, p = 0; i < mono.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += pcm[p++]!;
    mono[i] = sum / channels;
  }
  return mono;
}
