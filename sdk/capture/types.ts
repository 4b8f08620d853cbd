/** PCM as a caller hands it in: samples in -1..1, interleaved when there is more than one channel. */
export type AudioChunk = {
  /** Samples in -1..1; `channels` of them for each moment, interleaved. Borrowed: it is read at once and never kept. */
  readonly pcm: Float32Array;
  /** Sampling rate of `pcm` in Hz, 1,000 to 768,000. */
  readonly sampleRateHz: number;
  /** Number of interleaved channels, 1 to 64. @default 1 */
  readonly channels?: number;
};
