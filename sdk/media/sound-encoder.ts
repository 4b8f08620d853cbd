import { type EncodedAudioPacketSource, EncodedPacket } from "mediabunny";
import { SampleReader } from "../capture/sample-reader.js";
import { ChunkQueue, untilReady, type WebCodecs } from "./webcodecs.js";

/** Rate of the sound in a video, Hz: the one that Opus works at. */
export const SOUND_RATE_HZ = 48_000;
/** 40 ms at a time. */
const CHUNK_SAMPLES = 1_920;
const BITRATE = 96_000;
/** ffmpeg's AAC encoder puts so many samples before the first; a negative time makes the muxer write an edit list that drops them. */
const AAC_DELAY_SAMPLES = 1_024;

type SoundChunk = { readonly packet: EncodedPacket; readonly meta: EncodedAudioChunkMetadata };

/** Encodes a stream of mono samples at 48 kHz as Opus or AAC, as far as it is asked to. */
export class SoundEncoder {
  readonly #webcodecs: WebCodecs;
  readonly #encoder: InstanceType<WebCodecs["AudioEncoder"]>;
  readonly #queue = new ChunkQueue<SoundChunk>();
  readonly #source: EncodedAudioPacketSource;
  readonly #samples: SampleReader;
  readonly #delayS: number;
  #position = 0;

  constructor(options: {
    webcodecs: WebCodecs;
    source: EncodedAudioPacketSource;
    codec: "opus" | "aac";
    sound: AsyncIterable<Float32Array>;
  }) {
    const { webcodecs, source, codec, sound } = options;
    this.#webcodecs = webcodecs;
    this.#source = source;
    this.#samples = new SampleReader(sound, "sound");
    this.#delayS = codec === "aac" ? AAC_DELAY_SAMPLES / SOUND_RATE_HZ : 0;
    this.#encoder = new webcodecs.AudioEncoder({
      output: (chunk, meta) => {
        const data = new Uint8Array(chunk.byteLength);
        chunk.copyTo(data);
        const startS = chunk.timestamp / 1e6 - this.#delayS;
        const packet = new EncodedPacket(data, "key", startS, (chunk.duration ?? 0) / 1e6);
        this.#queue.put({ packet, meta: meta as EncodedAudioChunkMetadata });
      },
      error: this.#queue.fail,
    });
    this.#encoder.configure({
      codec: codec === "opus" ? "opus" : "mp4a.40.2",
      sampleRate: SOUND_RATE_HZ,
      numberOfChannels: 1,
      bitrate: BITRATE,
    });
  }

  /** Encodes up to `timeS` seconds from the start, or to the end of the sound if that comes first. */
  async advance(timeS: number): Promise<void> {
    const end = Math.round(timeS * SOUND_RATE_HZ);
    while (this.#position < end) {
      const { pcm, real } = await this.#samples.read(Math.min(CHUNK_SAMPLES, end - this.#position));
      if (real === 0) break;
      const data = new this.#webcodecs.AudioData({
        format: "f32-planar",
        sampleRate: SOUND_RATE_HZ,
        numberOfFrames: real,
        numberOfChannels: 1,
        timestamp: Math.round((this.#position * 1e6) / SOUND_RATE_HZ),
        data: real === pcm.length ? pcm : pcm.slice(0, real),
      });
      this.#encoder.encode(data);
      data.close();
      this.#position += real;
    }
    await untilReady(this.#encoder);
    await this.#drain();
  }

  async finish(): Promise<void> {
    await this.#encoder.flush();
    await this.#drain();
    await this.close();
  }

  /** Lets go of the encoder and of the source of the sound. */
  async close(): Promise<void> {
    if (this.#encoder.state !== "closed") this.#encoder.close();
    await this.#samples.close();
  }

  async #drain(): Promise<void> {
    for (const { packet, meta } of this.#queue.take()) await this.#source.add(packet, meta);
  }
}
