import type { AudioChunk } from "echo-head";

const HEADER_BYTES = 44;
const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** A WAV file of 16-bit samples: what recognisers take. `pcm` is mono, clipped to -1..1. */
export function writeWav(pcm: Float32Array, sampleRateHz: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + 2 * pcm.length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string): void => {
    for (let i = 0; i < word.length; i++) view.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, 2 * sampleRateHz, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * pcm.length, true);
  for (let i = 0; i < pcm.length; i++)
    view.setInt16(HEADER_BYTES + 2 * i, Math.round(32_767 * Math.max(-1, Math.min(1, pcm[i]!))), true);
  return bytes;
}

/** How the samples of a stream lie in its bytes. */
export type PcmFormat = {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly bits: 16 | 32;
  readonly float: boolean;
};

/**
 * Samples out of bytes that come in pieces of any length: raw PCM of a known format, or a WAV file, whose header is read first and whose
 * stated length is not believed (programs that write to a pipe do not know it).
 * @throws TypeError for a WAV file of another kind than 16-bit or 32-bit float
 */
export class PcmReader {
  #format: PcmFormat | undefined;
  #rest = new Uint8Array(0);

  /** @param format of raw PCM; leave it out for WAV */
  constructor(format?: PcmFormat) {
    this.#format = format;
  }

  /** The samples that are whole by now; undefined when there are none yet. */
  push(bytes: Uint8Array): AudioChunk | undefined {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    this.#rest = all;
    this.#format ??= this.#readHeader();
    if (this.#format === undefined) return undefined;
    const { sampleRateHz, channels, bits, float } = this.#format;
    const size = (bits / 8) * channels;
    const frames = Math.floor(this.#rest.length / size);
    if (frames === 0) return undefined;
    const view = new DataView(this.#rest.buffer, this.#rest.byteOffset, frames * size);
    const pcm = Float32Array.from({ length: frames * channels }, (_, i) =>
      float ? view.getFloat32(4 * i, true) : view.getInt16(2 * i, true) / 32_768,
    );
    this.#rest = this.#rest.slice(frames * size);
    return { pcm, sampleRateHz, channels };
  }

  #readHeader(): PcmFormat | undefined {
    const bytes = this.#rest;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const word = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
    if (bytes.length < 12) return undefined;
    if (word(0) !== "RIFF" || word(8) !== "WAVE") throw new TypeError("this is not a WAV file");
    let format: PcmFormat | undefined;
    for (let at = 12; at + 8 <= bytes.length; ) {
      const size = view.getUint32(at + 4, true);
      if (word(at) === "data") {
        if (format === undefined) throw new TypeError("the WAV file has no format before its samples");
        this.#rest = bytes.slice(at + 8);
        return format;
      }
      if (at + 8 + size > bytes.length) return undefined;
      if (word(at) === "fmt ") {
        const tag = view.getUint16(at + 8, true);
        const kind = tag === EXTENSIBLE ? view.getUint16(at + 32, true) : tag;
        const bits = view.getUint16(at + 22, true);
        if (!(kind === PCM && bits === 16) && !(kind === FLOAT && bits === 32))
          throw new TypeError(
            `the WAV file must hold 16-bit or 32-bit float samples, it holds ${bits}-bit of kind ${kind}`,
          );
        const [channels, sampleRateHz] = [view.getUint16(at + 10, true), view.getUint32(at + 12, true)];
        format = { sampleRateHz, channels, bits: bits as 16 | 32, float: kind === FLOAT };
      }
      at += 8 + size + (size % 2);
    }
    return undefined;
  }
}
