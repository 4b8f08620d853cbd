/** How arrays travel: little endian, which is what every machine that runs this is. */

/** float32 as bytes; shares the memory. */
export function bytesOfFloats(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The other end of {@link bytesOfFloats}. A copy (Buffer's slice() is none): what comes from a message lies at any address. */
export function floatsOfBytes(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** Samples -1..1 as int16: half the bytes, noise at -98 dB. What is louder is cut off. */
export function bytesOfPcm(pcm: Float32Array): Uint8Array {
  const samples = new Int16Array(pcm.length);
  for (let i = 0; i < pcm.length; i++) samples[i] = Math.round(Math.max(-1, Math.min(1, pcm[i]!)) * 32_767);
  return new Uint8Array(samples.buffer);
}

/** The other end of {@link bytesOfPcm}. */
export function pcmOfBytes(bytes: Uint8Array): Float32Array {
  const samples = new Int16Array(new Uint8Array(bytes).buffer);
  return Float32Array.from(samples, (sample) => sample / 32_767);
}
