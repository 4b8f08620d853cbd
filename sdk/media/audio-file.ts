import { open } from "node:fs/promises";
import {
  type AudioSample,
  AudioSampleSink,
  FilePathSource,
  FLAC,
  Input,
  type InputAudioTrack,
  type InputFormat,
  MP3,
  OGG,
  WAVE,
} from "mediabunny";
import { EchoError, reasonOf } from "../base/errors.js";
import { MAX_SAMPLE_RATE_HZ, MIN_SAMPLE_RATE_HZ } from "../capture/check-audio.js";
import { StreamResampler } from "../capture/resampler.js";
import { checkOggEnd, checkWaveLength, type Mp3Tag, mp3Start, readMp3Tag } from "./audio-container.js";
import { ChannelMixer } from "./channel-mixer.js";
import { checkInputFile, invalidInput } from "./input-file.js";
import { checkMp3End } from "./mp3-frames.js";
import { parseOpusHead } from "./opus-head.js";
import { DamagedFrameError, registerWasmDecoders } from "./wasm-decoders.js";

/** Samples that an MP3 decoder adds before the first sound (half a granule and one, as LAME's documentation says). */
const MP3_DECODER_DELAY = 529;

/** A recording on disk that has been looked at but not decoded. */
export type AudioFile = {
  readonly path: string;
  /** mediabunny's name of the codec: "pcm-s16", "flac", "mp3", "opus", ... */
  readonly codec: string;
  /** Rate and channels of the recording as it is stored. */
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Length in seconds that the container states; the decoded length is the one that counts. */
  readonly durationS: number;
  /**
   * Decodes from the start: the channels mixed to one (see ChannelMixer) at `sampleRateHz`, samples clamped to -1..1, in chunks of any length. Memory
   * does not grow with the length of the file. Each call decodes anew. Files end at ceil(N * sampleRateHz / own rate) samples.
   * @throws EchoError `input-invalid` at the place where the recording turns out to be damaged
   */
  mono(options: { sampleRateHz: number }): AsyncGenerator<Float32Array, void>;
};

/** The part of the decoded samples that is the recording: `[skip, skip + length)`, at the recording's rate. */
type Span = { readonly skip: number; readonly length: number };

/**
 * Opens a WAV, FLAC, MP3 or Ogg Opus file and checks what can be checked without decoding it.
 * @throws EchoError `input-unreadable`, `input-invalid`
 */
export async function openAudioFile(path: string): Promise<AudioFile> {
  const size = await checkInputFile(path);
  registerWasmDecoders();
  const input = new Input({ source: new FilePathSource(path), formats: [WAVE, FLAC, MP3, OGG] });
  const handle = await open(path);
  try {
    const format = await input.getFormat().catch((cause: unknown) => {
      throw invalidInput(path, "byte 0", "this is not a WAV, FLAC, MP3 or Ogg Opus recording", cause);
    });
    const waveLength = format === WAVE ? await checkWaveLength(path, handle, size) : Number.POSITIVE_INFINITY;
    if (format === OGG) await checkOggEnd(path, handle, size);
    const mp3Tag = format === MP3 ? await readMp3Tag(handle) : undefined;
    if (format === MP3 && mp3Tag === undefined)
      await checkMp3End({ file: path, handle, size, start: await mp3Start(handle) });
    const track = await primaryTrack(path, input);
    const codec = (await track.getCodec()) ?? "unknown";
    if (!(await track.canDecode()))
      throw invalidInput(path, "header", `its sound is coded as ${codec}; WAV (PCM), FLAC, MP3 and Opus can be read`);
    const sampleRateHz = await track.getSampleRate();
    if (!(sampleRateHz >= MIN_SAMPLE_RATE_HZ && sampleRateHz <= MAX_SAMPLE_RATE_HZ))
      throw invalidInput(
        path,
        "header",
        `the sampling rate must be from ${MIN_SAMPLE_RATE_HZ} to ${MAX_SAMPLE_RATE_HZ} Hz, it is ${sampleRateHz}`,
      );
    const span = format === WAVE ? { skip: 0, length: waveLength } : await soundSpan(format, track, mp3Tag);
    const durationS = Number.isFinite(span.length) ? span.length / sampleRateHz : await track.computeDuration();
    const channels = await track.getNumberOfChannels();
    const mono = (options: { sampleRateHz: number }) => decodeMono(path, span, sampleRateHz, options.sampleRateHz);
    return { path, codec, sampleRateHz, channels, durationS, mono };
  } catch (error) {
    if (EchoError.is(error)) throw error;
    const reason = /assertion/i.test(reasonOf(error)) ? "its structure is damaged" : reasonOf(error);
    throw invalidInput(path, "header", `the recording cannot be read: ${reason}`, error);
  } finally {
    input.dispose();
    await handle.close();
  }
}

async function primaryTrack(path: string, input: Input): Promise<InputAudioTrack> {
  const track = await input.getPrimaryAudioTrack();
  if (track === null) throw invalidInput(path, "header", "the file holds no sound");
  return track;
}

async function soundSpan(format: InputFormat, track: InputAudioTrack, tag: Mp3Tag | undefined): Promise<Span> {
  const rate = await track.getSampleRate();
  if (format === MP3) {
    if (tag === undefined) return { skip: 0, length: Number.POSITIVE_INFINITY };
    const samplesPerFrame = rate >= 32_000 ? 1152 : 576; // MPEG-1 has two granules a frame, MPEG-2 and 2.5 one
    const { frames, encoderDelay, padding } = tag;
    if (encoderDelay === 0 && padding === 0) return { skip: 0, length: frames * samplesPerFrame };
    return { skip: encoderDelay + MP3_DECODER_DELAY, length: frames * samplesPerFrame - encoderDelay - padding };
  }
  const description = (await track.getDecoderConfig())?.description;
  if (format === OGG) {
    const preSkip = parseOpusHead(description)?.preSkip ?? 0;
    return { skip: preSkip, length: Math.round((await track.computeDuration()) * rate) };
  }
  if (format === FLAC) return { skip: 0, length: flacLength(description) };
  return { skip: 0, length: Number.POSITIVE_INFINITY };
}

/** Total samples that STREAMINFO states (36 bits, 0 = unknown); the description is "fLaC", a block header, STREAMINFO. */
function flacLength(description: AllowSharedBufferSource | undefined): number {
  if (!ArrayBuffer.isView(description) || description.byteLength < 26) return Number.POSITIVE_INFINITY;
  const view = new DataView(description.buffer, description.byteOffset, description.byteLength);
  const total = (view.getUint8(21) & 0x0f) * 2 ** 32 + view.getUint32(22);
  return total === 0 ? Number.POSITIVE_INFINITY : total;
}

async function* decodeMono(
  path: string,
  span: Span,
  inRateHz: number,
  outRateHz: number,
): AsyncGenerator<Float32Array, void> {
  const input = new Input({ source: new FilePathSource(path), formats: [WAVE, FLAC, MP3, OGG] });
  const resampler = inRateHz === outRateHz ? undefined : new StreamResampler({ inRateHz, outRateHz });
  let mixer: ChannelMixer | undefined;
  let decoded = 0;
  try {
    const track = await primaryTrack(path, input);
    for await (const sample of new AudioSampleSink(track).samples()) {
      let mixed: Float32Array;
      try {
        if (sample.sampleRate !== inRateHz)
          throw invalidInput(path, placeOf(decoded, inRateHz), "the sampling rate changes within the recording");
        const place = spanWithin(span, decoded, sample.numberOfFrames);
        const planes = planesOf(sample, place, (channel, index, value) =>
          invalidInput(
            path,
            `${placeOf(decoded + index - span.skip, inRateHz)}, channel ${channel + 1}`,
            `samples must be finite numbers, this one is ${value}`,
          ),
        );
        mixer ??= new ChannelMixer(planes.length);
        mixed = mixer.mix(planes);
        decoded += sample.numberOfFrames;
      } finally {
        sample.close();
      }
      const out = resampler ? clamp(resampler.push(mixed)) : mixed;
      if (out.length > 0) yield out;
    }
    const heard = Math.max(0, decoded - span.skip);
    if (Number.isFinite(span.length) && heard < span.length)
      throw invalidInput(
        path,
        placeOf(heard, inRateHz),
        `the recording is cut off or damaged: ${span.length} samples are promised, ${heard} can be decoded`,
      );
    if (heard === 0) throw invalidInput(path, "header", "the recording holds no samples");
    const rest = resampler?.flush();
    if (rest !== undefined && rest.length > 0) yield clamp(rest);
  } catch (error) {
    if (EchoError.is(error)) throw error;
    const place = error instanceof DamagedFrameError ? `${error.timeS.toFixed(3)} s` : placeOf(decoded, inRateHz);
    throw invalidInput(path, place, `the recording is cut off or damaged: ${reasonOf(error)}`, error);
  } finally {
    input.dispose();
  }
}

/** Which of `length` samples, the first of them number `decoded`, lie in the span: [from, to). */
function spanWithin(span: Span, decoded: number, length: number): readonly [from: number, to: number] {
  const from = Math.min(length, Math.max(0, span.skip - decoded));
  return [from, Math.min(length, Math.max(from, span.skip + span.length - decoded))];
}

/** Samples [from, to) of each channel: `channels x [to - from]`. */
function planesOf(
  sample: AudioSample,
  [from, to]: readonly [number, number],
  notFinite: (channel: number, index: number, value: number) => Error,
): Float32Array[] {
  return Array.from({ length: sample.numberOfChannels }, (_, channel) => {
    const plane = new Float32Array(sample.numberOfFrames);
    sample.copyTo(plane, { planeIndex: channel, format: "f32-planar" });
    for (let i = from; i < to; i++) if (!Number.isFinite(plane[i])) throw notFinite(channel, i, plane[i]!);
    return clamp(plane.subarray(from, to));
  });
}

/** A voice that was recorded too loud is clipped, not refused. */
function clamp(pcm: Float32Array): Float32Array {
  for (let i = 0; i < pcm.length; i++) {
    const value = pcm[i]!;
    if (value > 1) pcm[i] = 1;
    else if (value < -1) pcm[i] = -1;
  }
  return pcm;
}

function placeOf(sample: number, rateHz: number): string {
  return `${(sample / rateHz).toFixed(3)} s (sample ${sample})`;
}
