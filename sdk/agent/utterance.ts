import { EchoError, reasonOf } from "../base/errors.js";
import { describe } from "../base/option-checks.js";
import { checkAudioChunk } from "../capture/check-audio.js";
import type { AudioChunk } from "../capture/types.js";
import { SpeechSource } from "./speech-source.js";

/** What an agent can speak: PCM, a browser's AudioBuffer, or a stream of PCM as a synthesiser produces it. */
export type SpeechAudio = AudioChunk | AudioBuffer | AsyncIterable<AudioChunk>;

/** How an utterance ended. */
export type UtteranceResult = {
  /** Milliseconds of it that were played, by the playout clock. */
  readonly playedMs: number;
  /** True when it was cut short by `interrupt()` or `dispose()`. */
  readonly interrupted: boolean;
};

/** Something that the agent says. */
export type Utterance = {
  readonly id: string;
  /** Resolves when its last sample was played, or when it was interrupted. Never rejects. */
  readonly finished: Promise<UtteranceResult>;
};

/** A stream is read no further ahead than this, in seconds. */
const MAX_READ_AHEAD_S = 10;
/** How often a stream that is far enough ahead is looked at again, in ms. */
const LOOK_AGAIN_MS = 100;

/** An utterance on its way: its samples come from the caller and go to the timeline. */
export class SpeakingUtterance implements Utterance {
  readonly id: string;
  readonly finished: Promise<UtteranceResult>;
  /** Where its samples wait. */
  readonly source: SpeechSource;
  readonly #rateHz: number;
  readonly #stop = new AbortController();
  #finish: (result: UtteranceResult) => void = () => {};

  /**
   * Throws a `TypeError` beginning with "audio" for something that cannot be spoken. `onSamples` is called when more of a stream has
   * come; `onError` hears of a stream that breaks.
   */
  constructor(options: {
    id: string;
    audio: SpeechAudio;
    sampleRateHz: number;
    onSamples?: () => void;
    onError: (error: EchoError) => void;
  }) {
    this.id = options.id;
    this.#rateHz = options.sampleRateHz;
    this.source = new SpeechSource({ sampleRateHz: options.sampleRateHz });
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const { audio } = options;
    if (isStream(audio)) {
      void this.#read(audio, options.onError, options.onSamples ?? (() => {}));
    } else {
      this.source.push(isAudioBuffer(audio) ? interleave(audio) : audio, "audio");
      this.source.end();
    }
  }

  /** Ends it; the stream behind it is closed. */
  end(playedSamples: number, interrupted: boolean): UtteranceResult {
    const result = { playedMs: (playedSamples * 1_000) / this.#rateHz, interrupted };
    this.#stop.abort();
    this.#finish(result);
    return result;
  }

  async #read(
    stream: AsyncIterable<AudioChunk>,
    onError: (error: EchoError) => void,
    onSamples: () => void,
  ): Promise<void> {
    const iterator = stream[Symbol.asyncIterator]();
    const { signal } = this.#stop;
    try {
      for (let chunks = 0; !signal.aborted; chunks++) {
        const next = await unlessStopped(iterator.next(), signal);
        if (next === undefined || next.done) break;
        checkAudioChunk(next.value, `audio[${chunks}]`);
        this.source.push(next.value, `audio[${chunks}]`);
        if (!signal.aborted) onSamples();
        while (this.source.available > MAX_READ_AHEAD_S * this.#rateHz && !signal.aborted)
          await unlessStopped(new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS)), signal);
      }
    } catch (error) {
      if (!signal.aborted) onError(new EchoError("audio-stream-failed", { reason: reasonOf(error), cause: error }));
    } finally {
      this.source.end();
      // Not awaited: a source that never answers must not hold anything up.
      if (signal.aborted) void Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }
}

/** What `answer` gives, or undefined as soon as `signal` aborts. Nothing of it is left with the signal, which may live for hours. */
function unlessStopped<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    void answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function isStream(audio: SpeechAudio): audio is AsyncIterable<AudioChunk> {
  if (typeof audio !== "object" || audio === null)
    throw new TypeError(
      `audio must be { pcm, sampleRateHz }, an AudioBuffer or an async iterable, not ${describe(audio)}`,
    );
  return Symbol.asyncIterator in audio;
}

function isAudioBuffer(audio: AudioChunk | AudioBuffer): audio is AudioBuffer {
  return typeof (audio as AudioBuffer).getChannelData === "function";
}

function interleave(buffer: AudioBuffer): AudioChunk {
  const { numberOfChannels: channels, length, sampleRate } = buffer;
  if (channels === 1) return { pcm: buffer.getChannelData(0), sampleRateHz: sampleRate };
  const pcm = new Float32Array(length * channels);
  for (let c = 0; c < channels; c++) {
    const samples = buffer.getChannelData(c);
    for (let i = 0; i < length; i++) pcm[i * channels + c] = samples[i]!;
  }
  return { pcm, sampleRateHz: sampleRate, channels };
}
