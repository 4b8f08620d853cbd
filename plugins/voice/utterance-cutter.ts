import { VoiceActivity } from "echo-head";

/** What was found in a piece of sound. */
export type CutSpeech = { readonly type: "started" } | { readonly type: "ended"; readonly pcm: Float32Array };

/** Options of {@link UtteranceCutter}, in ms. */
export type UtteranceCutterOptions = {
  readonly sampleRateHz: number;
  /** How long a speaker may pause without being taken to have ended, beyond the 400 ms of the voice detector. @default 300 */
  readonly patienceMs?: number | undefined;
  /** Sound before the beginning that belongs to the utterance: the detector needs a moment to be sure. @default 400 */
  readonly beforeMs?: number | undefined;
  /** Longer utterances are cut. @default 30000 */
  readonly longestMs?: number | undefined;
};

/** Cuts what a microphone hears into utterances, for recognisers that take whole ones. Time is what is pushed. */
export class UtteranceCutter {
  readonly #activity: VoiceActivity;
  readonly #before: number;
  readonly #patience: number;
  readonly #longest: number;
  /** The utterance, or the last sound before one. */
  #kept: Float32Array[] = [];
  #length = 0;
  #speaking = false;
  #quiet = 0;

  constructor({ sampleRateHz, patienceMs = 300, beforeMs = 400, longestMs = 30_000 }: UtteranceCutterOptions) {
    for (const [key, value] of Object.entries({ patienceMs, beforeMs, longestMs }))
      if (!Number.isFinite(value) || value < 0) throw new TypeError(`options.${key} must be a number of at least 0`);
    const samples = (ms: number) => Math.round((ms * sampleRateHz) / 1_000);
    this.#activity = new VoiceActivity({ sampleRateHz });
    [this.#before, this.#patience, this.#longest] = [samples(beforeMs), samples(patienceMs), samples(longestMs)];
  }

  /** Takes mono samples; says what began or ended with them. The samples are kept, not copied. */
  push(pcm: Float32Array): CutSpeech | null {
    this.#kept.push(pcm);
    this.#length += pcm.length;
    this.#activity.push(pcm);
    if (!this.#speaking) {
      if (this.#activity.speaking) {
        this.#speaking = true;
        this.#quiet = 0;
        return { type: "started" };
      }
      while (this.#length - (this.#kept[0]?.length ?? 0) >= this.#before && this.#kept.length > 1)
        this.#length -= this.#kept.shift()!.length;
      return null;
    }
    this.#quiet = this.#activity.speaking ? 0 : this.#quiet + pcm.length;
    if (this.#quiet <= this.#patience && this.#length < this.#longest) return null;
    const utterance = new Float32Array(this.#length);
    let at = 0;
    for (const part of this.#kept) {
      utterance.set(part, at);
      at += part.length;
    }
    this.#kept = [];
    this.#length = 0;
    this.#speaking = false;
    if (this.#activity.speaking) this.#activity.reset(); // cut at its greatest length
    return { type: "ended", pcm: utterance };
  }
}
