import { type AudioChunk, EchoError } from "echo-head";
import { checkService, type OpenAiService, post } from "./openai-service.js";
import type { HeardSpeech, SpeechRecognizer } from "./types.js";
import { UtteranceCutter, type UtteranceCutterOptions } from "./utterance-cutter.js";
import { writeWav } from "./wav.js";

/** Where a recogniser hears: calls `sink` with each piece until the result is called. `readMicrophone` of the package fits. */
export type SoundSource = (sink: (audio: AudioChunk) => void) => Promise<() => void> | (() => void);

/** Options of {@link OpenAiRecognizer}. */
export type OpenAiRecognizerOptions = OpenAiService &
  Omit<UtteranceCutterOptions, "sampleRateHz"> & {
    readonly source: SoundSource;
    /** Such as "en"; helps most models. */
    readonly language?: string | undefined;
  };

/** Utterances that wait for the service at most; beyond it the oldest is left out as if it held no words. */
const MOST_WAITING = 4;

/** Cuts what is heard into utterances and sends each to `POST /audio/transcriptions` (Whisper and its kin). */
export class OpenAiRecognizer implements SpeechRecognizer {
  readonly #options: OpenAiRecognizerOptions;

  constructor(options: OpenAiRecognizerOptions) {
    checkService(options);
    if (typeof options.source !== "function") throw new TypeError("options.source must be a function");
    this.#options = options;
  }

  async *listen({ signal }: { signal: AbortSignal }): AsyncGenerator<HeardSpeech, void> {
    const waiting: ({ type: "started" } | { type: "ended"; wav: Uint8Array<ArrayBuffer> })[] = [];
    let wake: () => void = () => {};
    let failure: unknown;
    let cutter: UtteranceCutter | undefined;
    let rateHz = 0;
    const hear = (audio: AudioChunk): void => {
      try {
        if (cutter === undefined || rateHz !== audio.sampleRateHz) {
          rateHz = audio.sampleRateHz;
          cutter = new UtteranceCutter({ ...this.#options, sampleRateHz: rateHz });
        }
        const found = cutter.push(monoOf(audio));
        if (found === null) return;
        waiting.push(found.type === "started" ? found : { type: "ended", wav: writeWav(found.pcm, rateHz) });
        const ended = waiting.filter(({ type }) => type === "ended");
        if (ended.length > MOST_WAITING) waiting.splice(waiting.indexOf(ended[0]!), 1);
      } catch (error) {
        failure ??= error;
      }
      wake();
    };
    const stopped = (): void => wake();
    signal.addEventListener("abort", stopped);
    const stop = await this.#options.source(hear);
    try {
      while (!signal.aborted) {
        if (failure !== undefined) throw failure;
        const next = waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (signal.aborted) resolve();
          });
        } else if (next.type === "started") {
          yield { type: "started" };
        } else {
          yield { type: "final", text: await this.#transcribe(next.wav, signal) };
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", stopped);
      stop();
    }
  }

  async #transcribe(wav: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<string> {
    const form = new FormData();
    form.set("file", new Blob([wav], { type: "audio/wav" }), "speech.wav");
    form.set("model", this.#options.model);
    form.set("response_format", "json");
    if (this.#options.language !== undefined) form.set("language", this.#options.language);
    const response = await post(this.#options, "audio/transcriptions", form, signal);
    const { text } = (await response.json().catch(() => ({}))) as { text?: unknown };
    if (typeof text !== "string")
      throw new EchoError("voice-service-failed", { service: response.url, reason: "its answer has no text" });
    return text.trim();
  }
}

function monoOf({ pcm, channels = 1 }: AudioChunk): Float32Array {
  if (channels === 1) return pcm.slice();
  return Float32Array.from({ length: pcm.length / channels }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += pcm[i * channels + c]!;
    return sum / channels;
  });
}
