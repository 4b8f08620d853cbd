import type { AudioChunk, SpeechAudio, Utterance } from "echo-head";
import { sentencesOf } from "./sentences.js";
import { SpokenText } from "./spoken-text.js";
import type { LanguageModel, SpeechRecognizer, SpeechSynthesizer, SpokenTurn } from "./types.js";

/** What the conversation needs of an agent; EchoAgent is one. */
export interface ConversationAgent {
  speak(audio: SpeechAudio): Utterance;
  interrupt(): void;
  readonly dialogue: { add(turn: { role: "user" | "avatar"; text: string }): void };
}

/** What goes on. */
export type ConversationState = "listening" | "hearing" | "thinking" | "speaking" | "ended";

/** Told as it happens; none of it must throw. */
export type ConversationEvents = {
  readonly onState?: (state: ConversationState) => void;
  /** The user's words so far, then all of them (`final`). */
  readonly onHeard?: (text: string, final: boolean) => void;
  /** A sentence that the avatar is about to say. */
  readonly onSentence?: (text: string) => void;
  /** What the avatar has said; cut short where the user cut in. */
  readonly onSpoken?: (text: string, interrupted: boolean) => void;
  /** A service failed; the conversation goes on with the next thing that is heard, except where the recogniser is gone. */
  readonly onError?: (error: unknown) => void;
};

/** Options of {@link Conversation}. */
export type ConversationOptions = ConversationEvents & {
  readonly agent: ConversationAgent;
  readonly model: LanguageModel;
  readonly synthesizer: SpeechSynthesizer;
  /** Without one, words come by `hear()` only. */
  readonly recognizer?: SpeechRecognizer | undefined;
  /** What was said before. */
  readonly turns?: readonly SpokenTurn[] | undefined;
  /**
   * When the user cuts in: "at-once" stops the avatar with the first sound of a voice; "with-words" waits for a word, so that an "mm-hm"
   * stops nothing, but later; "never" lets it finish. @default "at-once"
   */
  readonly bargeIn?: "at-once" | "with-words" | "never" | undefined;
};

/** An answer under way. */
type Answer = { readonly stop: AbortController; readonly ended: Promise<void> };

/**
 * A spoken conversation: what is heard goes to the language model, its answer sentence by sentence to the voice, the voice to the head.
 * The user may cut in; what the avatar remembers of its answer is then what was heard of it.
 *
 *     const conversation = new Conversation({ agent, recognizer, model, synthesizer });
 *     await conversation.run();
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #turns: SpokenTurn[];
  readonly #end = new AbortController();
  #answer: Answer | undefined;
  #state: ConversationState = "listening";

  constructor(options: ConversationOptions) {
    const { bargeIn = "at-once" } = options;
    if (!["at-once", "with-words", "never"].includes(bargeIn))
      throw new TypeError('options.bargeIn must be "at-once", "with-words" or "never"');
    this.#options = { ...options, bargeIn };
    this.#turns = [...(options.turns ?? [])];
  }

  get state(): ConversationState {
    return this.#state;
  }

  /** What was said so far, oldest first. */
  get turns(): readonly SpokenTurn[] {
    return this.#turns;
  }

  /** Listens and answers until `dispose()`. Throws what the recogniser throws when it is gone. */
  async run(): Promise<void> {
    const { recognizer, bargeIn, onHeard, onError } = this.#options;
    if (recognizer === undefined)
      throw new TypeError("options.recognizer must be given for run(); hear() does without");
    try {
      for await (const heard of recognizer.listen({ signal: this.#end.signal })) {
        const speaks = this.#answer !== undefined;
        if (heard.type === "started") {
          if (bargeIn === "at-once") this.interrupt();
          if (!speaks || bargeIn === "at-once") this.#move("hearing");
        } else if (heard.type === "partial") {
          onHeard?.(heard.text, false);
          if (bargeIn === "with-words" && heard.text !== "") this.interrupt();
        } else if (heard.text === "") {
          if (this.#answer === undefined) this.#move("listening"); // a cough
        } else if (bargeIn !== "never" || !speaks) {
          this.hear(heard.text);
        }
      }
    } catch (error) {
      onError?.(error);
      throw error;
    } finally {
      this.interrupt();
    }
  }

  /** The user said this, by voice or by keyboard: the avatar answers. An answer under way is cut short. */
  hear(text: string): void {
    if (this.#end.signal.aborted) return;
    this.#options.onHeard?.(text, true);
    this.#options.agent.dialogue.add({ role: "user", text });
    this.#begin(
      (signal) => this.#options.model.reply([...this.#turns], { signal }),
      () => this.#turns.push({ role: "user", text }),
    );
  }

  /** The avatar says this of itself, such as a greeting. */
  say(text: string): void {
    if (this.#end.signal.aborted) return;
    this.#begin(async function* () {
      yield text;
    });
  }

  /** Cuts the answer under way short; the lips stop within a block. */
  interrupt(): void {
    if (this.#answer === undefined) return;
    this.#answer.stop.abort();
    this.#options.agent.interrupt();
  }

  /** Ends it; agent and services are the caller's. Resolves when the last answer has ended. */
  async dispose(): Promise<void> {
    this.#end.abort();
    this.interrupt();
    await this.#answer?.ended;
    this.#move("ended");
  }

  /** Answers after the answer before has ended, so that its words stand in the right order. */
  #begin(words: (signal: AbortSignal) => AsyncIterable<string>, before: () => void = () => {}): void {
    this.interrupt();
    const earlier = this.#answer?.ended;
    const stop = new AbortController();
    const ended = (async () => {
      await earlier;
      before();
      if (!stop.signal.aborted) await this.#speak(words, stop.signal);
      if (this.#answer?.stop !== stop) return;
      this.#answer = undefined;
      if (this.#state !== "hearing") this.#move("listening");
    })();
    this.#answer = { stop, ended };
  }

  async #speak(words: (signal: AbortSignal) => AsyncIterable<string>, signal: AbortSignal): Promise<void> {
    const { agent, onSpoken, onError } = this.#options;
    const spoken = new SpokenText();
    this.#move("thinking");
    try {
      const { playedMs, interrupted } = await agent.speak(this.#voiceOf(words, spoken, signal)).finished;
      const cut = interrupted || signal.aborted;
      const text = cut ? spoken.upTo(playedMs) : spoken.text;
      if (text === "") return;
      this.#turns.push({ role: "avatar", text });
      onSpoken?.(text, cut);
    } catch (error) {
      onError?.(error);
    }
  }

  /** The sound of the words, sentence by sentence. A service that fails ends it where it is. */
  async *#voiceOf(
    words: (signal: AbortSignal) => AsyncIterable<string>,
    spoken: SpokenText,
    signal: AbortSignal,
  ): AsyncGenerator<AudioChunk, void> {
    const { agent, synthesizer, onSentence, onError } = this.#options;
    try {
      for await (const sentence of sentencesOf(words(signal))) {
        if (signal.aborted) return;
        spoken.begin(sentence);
        agent.dialogue.add({ role: "avatar", text: sentence });
        onSentence?.(sentence);
        for await (const audio of synthesizer.synthesize(sentence, { signal })) {
          if (signal.aborted) return;
          spoken.add(audio);
          this.#move("speaking");
          yield audio;
        }
      }
    } catch (error) {
      if (!signal.aborted) onError?.(error);
    }
  }

  #move(state: ConversationState): void {
    if (this.#state === state || this.#state === "ended") return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}
