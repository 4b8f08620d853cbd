import type { OriginalPcm, SpeechSource } from "./speech-source.js";

/** Samples of an utterance that were given a place. Times are samples of the model's rate on the agent's timeline. */
export type PlacedSpeech = OriginalPcm & { readonly utteranceId: string; readonly start: number };

/** What became of an utterance. */
export type SpokenResult = { readonly id: string; readonly playedSamples: number };

type Span = { readonly start: number; count: number };
type Spoken = { readonly id: string; readonly source: SpeechSource; readonly spans: Span[]; told: boolean };

/** Utterances that may wait for their turn. */
export const MAX_WAITING_UTTERANCES = 32;

/**
 * Where speech lies on the agent's timeline. Utterances follow one another. One whose source has too little for a whole block rests
 * for that block, lips and sound alike, and goes on when more has come.
 */
export class SpeechTimeline {
  readonly #rateHz: number;
  #spoken: Spoken[] = [];

  /** `sampleRateHz` is the model's rate. */
  constructor(options: { sampleRateHz: number }) {
    this.#rateHz = options.sampleRateHz;
  }

  /** Utterances that are spoken or wait. */
  get length(): number {
    return this.#spoken.length;
  }

  /** Puts an utterance behind the others. */
  add(id: string, source: SpeechSource): void {
    this.#spoken.push({ id, source, spans: [], told: false });
  }

  /**
   * True when an utterance may be drawn forward: it has not begun, no other one is before or behind it, and at least `count` of its
   * samples, or all of them, have come, so that it does not stop again at once.
   */
  waitsAlone(id: string, count: number): boolean {
    const [only] = this.#spoken;
    if (this.#spoken.length !== 1 || only!.id !== id || only!.spans.length > 0) return false;
    return only!.source.ended || only!.source.available >= count;
  }

  /** Fills `count` samples from `from` on with speech; what nobody fills is silence. */
  place(from: number, count: number): { readonly pcm: Float32Array; readonly placed: PlacedSpeech[] } {
    const pcm = new Float32Array(count);
    const placed: PlacedSpeech[] = [];
    let at = 0;
    for (const { id, source, spans } of this.#spoken) {
      if (source.finished) continue;
      if (!source.ended && source.available < count - at) break;
      const { pcm: part, originals } = source.take(count - at);
      pcm.set(part, at);
      extend(spans, from + at, part.length);
      let start = from + at;
      for (const original of originals) {
        placed.push({ ...original, utteranceId: id, start });
        start += (original.pcm.length / original.channels / original.sampleRateHz) * this.#rateHz;
      }
      at += part.length;
      if (at === count || !source.finished) break;
    }
    return { pcm, placed };
  }

  /** The utterance that is being spoken at a sample, pauses of its source included. */
  speakingAt(sample: number): string | undefined {
    return this.#spoken.find(
      (spoken) => spoken.spans.length > 0 && spoken.spans[0]!.start <= sample && sample < endOf(spoken),
    )?.id;
  }

  /** When the next utterance begins or ends, as far as that is known: the time of the next `settle`. */
  nextChange(): number | undefined {
    const times = this.#spoken.flatMap((spoken) => {
      if (spoken.spans.length === 0) return spoken.source.finished ? [Number.NEGATIVE_INFINITY] : [];
      return spoken.told ? [endOf(spoken)] : [spoken.spans[0]!.start];
    });
    const next = Math.min(...times);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  /** What has begun and what has ended by `now`; each is told once, and what has ended is forgotten. */
  settle(now: number): { readonly started: string[]; readonly finished: SpokenResult[] } {
    const started: string[] = [];
    const finished: SpokenResult[] = [];
    for (const spoken of [...this.#spoken]) {
      const begun = spoken.spans.length > 0 && spoken.spans[0]!.start <= now;
      if (begun && !spoken.told) {
        spoken.told = true;
        started.push(spoken.id);
      }
      const empty = spoken.spans.length === 0 && spoken.source.finished;
      if (!empty && !(begun && endOf(spoken) <= now)) continue;
      this.#spoken = this.#spoken.filter((other) => other !== spoken);
      finished.push({ id: spoken.id, playedSamples: spoken.source.taken });
    }
    return { started, finished };
  }

  /** Ends everything at `now`; what was placed after it is not played. */
  interrupt(now: number): SpokenResult[] {
    const results = this.#spoken.map(({ id, spans }) => {
      let playedSamples = 0;
      for (const { start, count } of spans) playedSamples += Math.min(count, Math.max(0, now - start));
      return { id, playedSamples };
    });
    this.#spoken = [];
    return results;
  }
}

/** The sample after the last one, or infinity while more may come. */
function endOf({ source, spans }: Spoken): number {
  if (!source.finished) return Number.POSITIVE_INFINITY;
  const last = spans[spans.length - 1];
  return last ? last.start + last.count : Number.NEGATIVE_INFINITY;
}

function extend(spans: Span[], start: number, count: number): void {
  if (count === 0) return;
  const last = spans[spans.length - 1];
  if (last && last.start + last.count === start) last.count += count;
  else spans.push({ start, count });
}
