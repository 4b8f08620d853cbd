import { checkAudioChunk } from "./check-audio.js";
import { mixMono } from "./mix-mono.js";
import { StreamResampler } from "./resampler.js";
import type { AudioChunk } from "./types.js";

/**
 * Any PCM in, mono at one rate out. It keeps the resampler's state between chunks of the same rate; when a source changes its rate
 * the old tail is flushed first, so no sample is lost.
 */
export class PcmNormaliser {
  readonly #outRateHz: number;
  #inRateHz = 0;
  #resampler: StreamResampler | undefined;

  /** `sampleRateHz` is the rate that comes out. */
  constructor(options: { sampleRateHz: number }) {
    this.#outRateHz = options.sampleRateHz;
  }

  /** Mono samples at the output rate that `chunk` completes. Throws a `TypeError` beginning with `path` for unusable PCM. */
  push(chunk: AudioChunk, path = "audio"): Float32Array {
    checkAudioChunk(chunk, path);
    let tail: Float32Array | undefined;
    if (chunk.sampleRateHz !== this.#inRateHz) {
      tail = this.flush();
      this.#inRateHz = chunk.sampleRateHz;
      this.#resampler =
        chunk.sampleRateHz === this.#outRateHz
          ? undefined
          : new StreamResampler({ inRateHz: chunk.sampleRateHz, outRateHz: this.#outRateHz });
    }
    const mono = mixMono(chunk.pcm, chunk.channels ?? 1);
    const body = this.#resampler ? this.#resampler.push(mono) : mono === chunk.pcm ? mono.slice() : mono;
    return tail && tail.length > 0 ? concatenate(tail, body) : body;
  }

  /** What the resampler still holds; call it at the end of a source. */
  flush(): Float32Array {
    return this.#resampler?.flush() ?? new Float32Array(0);
  }
}

function concatenate(a: Float32Array, b: Float32Array): Float32Array {
  const joined = new Float32Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
