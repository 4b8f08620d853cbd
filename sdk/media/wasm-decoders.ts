import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { type AudioCodec, AudioSample, CustomAudioDecoder, type EncodedPacket, registerDecoder } from "mediabunny";
import { MPEGDecoder } from "mpg123-decoder";
import { OpusDecoder } from "opus-decoder";
import { parseOpusHead } from "./opus-head.js";

type Decoded = {
  readonly channelData: Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
};

/** One frame of a codec in, planar PCM out. */
type FrameDecoder = {
  readonly ready: Promise<void>;
  decode(frame: Uint8Array): Decoded | Promise<Decoded>;
  free(): void;
};

const FACTORIES: Partial<Record<AudioCodec, (config: AudioDecoderConfig) => FrameDecoder>> = {
  flac: () => {
    const decoder = new FLACDecoder();
    return { ready: decoder.ready, decode: (frame) => decoder.decodeFrames([frame]), free: () => decoder.free() };
  },
  mp3: () => {
    // Gaps at the ends are cut by audio-file.ts, which knows the delay that the encoder wrote down.
    const decoder = new MPEGDecoder({ enableGapless: false });
    return { ready: decoder.ready, decode: (frame) => decoder.decodeFrame(frame), free: () => decoder.free() };
  },
  opus: (config) => {
    const head = parseOpusHead(config.description);
    const decoder = new OpusDecoder({
      channels: head?.channels ?? config.numberOfChannels,
      streamCount: head?.streamCount,
      coupledStreamCount: head?.coupledStreamCount,
      channelMappingTable: head?.channelMappingTable,
    } as ConstructorParameters<typeof OpusDecoder>[0]);
    const gain = head?.gain ?? 1; // RFC 7845 sec. 5.1: players must apply it
    return {
      ready: decoder.ready,
      decode: (frame) => {
        const decoded = decoder.decodeFrame(frame);
        if (gain !== 1)
          for (const plane of decoded.channelData) for (let i = 0; i < plane.length; i++) plane[i]! *= gain;
        return decoded;
      },
      free: () => decoder.free(),
    };
  },
};

/** A frame that the decoder refused, with the time at which it lies. */
export class DamagedFrameError extends Error {
  override readonly name = "DamagedFrameError";
  /** Seconds from the start of the stream. */
  readonly timeS: number;

  constructor(timeS: number, message: string) {
    super(message);
    this.timeS = timeS;
  }
}

/** FLAC, MP3 and Opus for mediabunny in Node, where there is no WebCodecs: libFLAC, mpg123 and libopus as WASM. */
class WasmAudioDecoder extends CustomAudioDecoder {
  #decoder: FrameDecoder | undefined;

  static override supports(codec: AudioCodec): boolean {
    return FACTORIES[codec] !== undefined;
  }

  async init(): Promise<void> {
    this.#decoder = FACTORIES[this.codec]!(this.config);
    await this.#decoder.ready;
  }

  async decode(packet: EncodedPacket): Promise<void> {
    const decoded = await withoutConsole(() => this.#decoder!.decode(packet.data));
    const [error] = decoded.errors;
    // Told, not thrown: mediabunny 1.61 leaves a rejection of decode() unhandled.
    if (error !== undefined) return this.onError(new DamagedFrameError(packet.timestamp, error.message));
    const length = decoded.samplesDecoded;
    if (length === 0) return;
    const planes = new Float32Array(length * decoded.channelData.length);
    decoded.channelData.forEach((plane, channel) => {
      planes.set(plane.subarray(0, length), channel * length);
    });
    this.onSample(
      new AudioSample({
        data: planes,
        format: "f32-planar",
        numberOfChannels: decoded.channelData.length,
        sampleRate: decoded.sampleRate,
        timestamp: packet.timestamp,
      }),
    );
  }

  flush(): void {}

  close(): void {
    this.#decoder?.free();
    this.#decoder = undefined;
  }
}

/**
 * NOTICE: all three packages print what they also return in `errors` (read in their sources, versions 0.2.11, 0.7.12 and 1.0.3), while the
 * call runs and not after it. The message must come once, from us. May go when they stop.
 */
function withoutConsole<Result>(call: () => Result): Result {
  const { error } = console;
  console.error = () => {};
  try {
    return call();
  } finally {
    console.error = error;
  }
}

let registered = false;

/** Makes mediabunny decode FLAC, MP3 and Opus. Calling it again does nothing. */
export function registerWasmDecoders(): void {
  if (registered) return;
  registered = true;
  registerDecoder(WasmAudioDecoder);
}
