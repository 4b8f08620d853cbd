import { PcmNormaliser } from "../capture/pcm-normaliser.js";
import type { AudioChunk } from "../capture/types.js";

/** A piece of the caller's own samples. */
export type OriginalPcm = { readonly pcm: Float32Array; readonly sampleRateHz: number; readonly channels: number };

/** Samples with the same rate and channels, one after another. */
type Segment = {
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Model sample at which the segment begins. */
  readonly start: number;
  /** Moments (samples of one channel) that have been taken and let go. */
  gone: number;
  readonly chunks: Float32Array[];
};

/**
 * The samples of one utterance that have come but not been placed: as the model takes them (mono, 16 kHz) and as the caller gave
 * them, for the loudspeaker. Both are taken together, so what is heard is exactly what the lips were given.
 */
export class SpeechSource {
  readonly #rateHz: number;
  readonly #normaliser: PcmNormaliser;
  readonly #ready: Float32Array[] = [];
  readonly #segments: Segment[] = [];
  #available = 0;
  #taken = 0;
  #ended = false;

  /** `sampleRateHz` is the model's rate. */
  constructor(options: { sampleRateHz: number }) {
    this.#rateHz = options.sampleRateHz;
    this.#normaliser = new PcmNormaliser(options);
  }

  /** Model samples that can be taken now. */
  get available(): number {
    return this.#available;
  }

  /** Model samples taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** True once the last sample has come; more are refused. */
  get ended(): boolean {
    return this.#ended;
  }

  /** True once every sample has come and was taken. */
  get finished(): boolean {
    return this.#ended && this.#available === 0;
  }

  /** Adds a chunk, which is copied. Throws a `TypeError` beginning with `path` for unusable PCM. */
  push(chunk: AudioChunk, path: string): void {
    const { sampleRateHz, channels = 1 } = chunk;
    this.#accept(this.#normaliser.push(chunk, path));
    let segment = this.#segments[this.#segments.length - 1];
    if (segment?.sampleRateHz !== sampleRateHz || segment.channels !== channels) {
      segment = { sampleRateHz, channels, start: segment ? segmentEnd(segment, this.#rateHz) : 0, gone: 0, chunks: [] };
      this.#segments.push(segment);
    }
    segment.chunks.push(chunk.pcm.slice());
  }

  /** No more will come: what the resampler holds becomes available. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#accept(this.#normaliser.flush());
  }

  /** Up to `count` model samples, and the caller's samples of the same time. */
  take(count: number): { readonly pcm: Float32Array; readonly originals: OriginalPcm[] } {
    const pcm = new Float32Array(Math.min(count, this.#available));
    for (let at = 0; at < pcm.length; ) {
      const chunk = this.#ready[0]!;
      const part = chunk.subarray(0, pcm.length - at);
      pcm.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#ready.shift();
      else this.#ready[0] = chunk.subarray(part.length);
    }
    this.#available -= pcm.length;
    this.#taken += pcm.length;
    return { pcm, originals: this.#takeOriginals(this.#taken) };
  }

  #accept(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.#ready.push(samples);
    this.#available += samples.length;
  }

  /** The caller's samples up to model sample `end`. */
  #takeOriginals(end: number): OriginalPcm[] {
    const originals: OriginalPcm[] = [];
    while (this.#segments.length > 0) {
      const segment = this.#segments[0]!;
      const last = this.#segments.length === 1;
      const wanted = Math.round(((end - segment.start) * segment.sampleRateHz) / this.#rateHz) - segment.gone;
      const pcm = takeMoments(segment, this.finished && last ? Number.POSITIVE_INFINITY : wanted);
      if (pcm.length > 0) originals.push({ pcm, sampleRateHz: segment.sampleRateHz, channels: segment.channels });
      if (last || segment.chunks.length > 0) break;
      this.#segments.shift();
    }
    return originals;
  }
}

/** Model sample at which a segment whose chunks are complete ends. */
function segmentEnd(segment: Segment, rateHz: number): number {
  let moments = segment.gone;
  for (const chunk of segment.chunks) moments += chunk.length / segment.channels;
  return segment.start + Math.ceil((moments * rateHz) / segment.sampleRateHz);
}

function takeMoments(segment: Segment, count: number): Float32Array {
  const parts: Float32Array[] = [];
  let length = 0;
  let left = count * segment.channels;
  while (left > 0 && segment.chunks.length > 0) {
    const chunk = segment.chunks[0]!;
    const part = chunk.subarray(0, Math.min(left, chunk.length));
    parts.push(part);
    length += part.length;
    left -= part.length;
    if (part.length === chunk.length) segment.chunks.shift();
    else segment.chunks[0] = chunk.subarray(part.length);
  }
  segment.gone += length / segment.channels;
  const joined = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
