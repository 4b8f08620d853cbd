import { type AudioChunk, EchoError } from "echo-head";
import { bytesOf, checkService, type OpenAiService, post } from "./openai-service.js";
import type { SpeechSynthesizer } from "./types.js";
import { PcmReader } from "./wav.js";

/** Options of {@link OpenAiSynthesizer}. */
export type OpenAiSynthesizerOptions = OpenAiService & {
  /** As the service knows it, such as "alloy". */
  readonly voice: string;
  /** "pcm" begins soonest and means 24 kHz, 16 bit, mono, as OpenAI sends it; take "wav" where a service has another rate. @default "wav" */
  readonly format?: "pcm" | "wav" | undefined;
  /** Further fields of the request, such as `{ speed: 1.1 }`. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
};

/** OpenAI's documentation of `response_format: "pcm"`. */
const OPENAI_PCM = { sampleRateHz: 24_000, channels: 1, bits: 16, float: false } as const;

/** `POST /audio/speech`, spoken as it comes. */
export class OpenAiSynthesizer implements SpeechSynthesizer {
  readonly #options: OpenAiSynthesizerOptions;

  constructor(options: OpenAiSynthesizerOptions) {
    checkService(options);
    if (typeof options.voice !== "string" || options.voice === "") throw new TypeError("options.voice must be a text");
    this.#options = options;
  }

  async *synthesize(text: string, { signal }: { signal: AbortSignal }): AsyncGenerator<AudioChunk, void> {
    const { model, voice, format = "wav", parameters } = this.#options;
    const body = { ...parameters, model, voice, input: text, response_format: format };
    const response = await post(this.#options, "audio/speech", body, signal);
    const reader = new PcmReader(format === "pcm" ? OPENAI_PCM : undefined);
    for await (const bytes of bytesOf(response, signal)) {
      let audio: AudioChunk | undefined;
      try {
        audio = reader.push(bytes);
      } catch (cause) {
        const reason = (cause as Error).message;
        throw new EchoError("voice-service-failed", { service: response.url, reason, cause });
      }
      if (audio !== undefined) yield audio;
    }
  }
}
