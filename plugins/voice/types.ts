import type { AudioChunk } from "echo-head";

/** What a recogniser tells, in order: speech begins, its words as far as they are known, its words. */
export type HeardSpeech =
  /** Somebody began to speak. The avatar stops for it. */
  | { readonly type: "started" }
  /** The words so far; may change. */
  | { readonly type: "partial"; readonly text: string }
  /** An utterance is over; "" when it held no words (a cough, a door). */
  | { readonly type: "final"; readonly text: string };

/** Turns what the user says into words. */
export interface SpeechRecognizer {
  /** Listens until `signal` aborts, then ends. Throws EchoError `voice-service-failed` when it cannot go on. */
  listen(options: { readonly signal: AbortSignal }): AsyncIterable<HeardSpeech>;
}

/** One thing that was said. */
export type SpokenTurn = { readonly role: "user" | "avatar"; readonly text: string };

/** Finds the avatar's answer. */
export interface LanguageModel {
  /** The answer to the last turn, in pieces as it comes; ends early when `signal` aborts. Throws EchoError `voice-service-failed`. */
  reply(turns: readonly SpokenTurn[], options: { readonly signal: AbortSignal }): AsyncIterable<string>;
}

/** Turns words into a voice. */
export interface SpeechSynthesizer {
  /** The voice of a sentence, in pieces as it comes; ends early when `signal` aborts. Throws EchoError `voice-service-failed`. */
  synthesize(text: string, options: { readonly signal: AbortSignal }): AsyncIterable<AudioChunk>;
}
