import type { AudioChunk } from "echo-head";

type Sentence = { readonly text: string; readonly startMs: number; endMs: number };

/** Which words belong to which part of an utterance's sound, so that one knows what was said when it was cut off. */
export class SpokenText {
  readonly #sentences: Sentence[] = [];
  #lengthMs = 0;

  /** All of it. */
  get text(): string {
    return this.#sentences.map(({ text }) => text).join(" ");
  }

  /** The sound that follows is this sentence. */
  begin(text: string): void {
    this.#sentences.push({ text, startMs: this.#lengthMs, endMs: this.#lengthMs });
  }

  /** A piece of the sentence's sound. */
  add({ pcm, sampleRateHz, channels = 1 }: AudioChunk): void {
    this.#lengthMs += (1_000 * pcm.length) / channels / sampleRateHz;
    this.#sentences.at(-1)!.endMs = this.#lengthMs;
  }

  /** What was heard when so much was played: whole sentences, and of the last one its first words, by time, with "…" after them. */
  upTo(playedMs: number): string {
    const heard: string[] = [];
    for (const { text, startMs, endMs } of this.#sentences) {
      if (endMs <= playedMs) {
        heard.push(text);
        continue;
      }
      const words = text.split(/\s+/);
      const count = Math.floor((words.length * (playedMs - startMs)) / (endMs - startMs));
      if (count > 0) heard.push(`${words.slice(0, count).join(" ")} …`);
      break;
    }
    return heard.join(" ");
  }
}
