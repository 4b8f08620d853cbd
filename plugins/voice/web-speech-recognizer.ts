import { EchoError } from "echo-head";
import type { HeardSpeech, SpeechRecognizer } from "./types.js";

/** The part of the Web Speech API that is used; TypeScript's library does not know it. */
interface Recognition extends EventTarget {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  start(): void;
  abort(): void;
}
type RecognitionResult = ArrayLike<{ readonly transcript: string }> & { readonly isFinal: boolean };
type ResultEvent = Event & { readonly resultIndex: number; readonly results: ArrayLike<RecognitionResult> };

/** Failures after which the browser will not listen again by itself. */
const FINAL_ERRORS = ["not-allowed", "service-not-allowed", "audio-capture", "language-not-supported"];
/** The least time between two starts, in ms: a browser that ends at once must not be asked in a circle. */
const LEAST_PAUSE_MS = 300;

/**
 * The browser's own recogniser (Chrome, Edge, Safari). It listens to the default microphone by itself, and most browsers send the sound
 * to their maker: say so to your users. It has no counterpart for the voice: `speechSynthesis` gives no samples, and a head needs them.
 */
export class WebSpeechRecognizer implements SpeechRecognizer {
  readonly #language: string;

  constructor(options: { readonly language?: string | undefined } = {}) {
    this.#language = options.language ?? globalThis.navigator?.language ?? "en-US";
  }

  /** True where the browser has a recogniser. */
  static get available(): boolean {
    return recognitionClass() !== undefined;
  }

  async *listen({ signal }: { signal: AbortSignal }): AsyncGenerator<HeardSpeech, void> {
    const Class = recognitionClass();
    if (Class === undefined) throw failure("this browser has no speech recognition");
    const heard: HeardSpeech[] = [];
    let wake: () => void = () => {};
    let error: EchoError | undefined;
    let speaking = false;
    const recognition = new Class();
    recognition.lang = this.#language;
    recognition.continuous = true;
    recognition.interimResults = true;
    const say = (event: HeardSpeech): void => {
      heard.push(event);
      wake();
    };
    const begin = (): void => {
      if (!speaking) say({ type: "started" });
      speaking = true;
    };
    recognition.addEventListener("speechstart", begin);
    recognition.addEventListener("result", (event) => {
      const { resultIndex, results } = event as ResultEvent;
      for (let i = resultIndex; i < results.length; i++) {
        const text = results[i]![0]!.transcript.trim();
        begin(); // some browsers send words without a speechstart
        say({ type: results[i]!.isFinal ? "final" : "partial", text });
        if (results[i]!.isFinal) speaking = false;
      }
    });
    recognition.addEventListener("error", (event) => {
      const code = (event as Event & { error: string }).error;
      if (FINAL_ERRORS.includes(code)) error = failure(code);
      wake();
    });
    let startedMs = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const start = (): void => {
      startedMs = performance.now();
      recognition.start();
    };
    // Browsers end it after a silence; it begins again until we are told to stop.
    recognition.addEventListener("end", () => {
      if (speaking) say({ type: "final", text: "" });
      speaking = false;
      if (!signal.aborted && error === undefined)
        timer = setTimeout(start, Math.max(LEAST_PAUSE_MS - (performance.now() - startedMs), 0));
      wake();
    });
    const stopped = (): void => wake();
    signal.addEventListener("abort", stopped);
    start();
    try {
      while (!signal.aborted) {
        const next = heard.shift();
        if (next !== undefined) yield next;
        else if (error !== undefined) throw error;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (signal.aborted || heard.length > 0 || error !== undefined) resolve();
          });
      }
    } finally {
      signal.removeEventListener("abort", stopped);
      clearTimeout(timer);
      error ??= failure("ended");
      recognition.abort();
    }
  }
}

function recognitionClass(): (new () => Recognition) | undefined {
  const scope = globalThis as {
    SpeechRecognition?: new () => Recognition;
    webkitSpeechRecognition?: new () => Recognition;
  };
  return scope.SpeechRecognition ?? scope.webkitSpeechRecognition;
}

function failure(reason: string): EchoError {
  return new EchoError("voice-service-failed", { service: "the browser's speech recognition", reason });
}
