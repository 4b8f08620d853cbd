import type { EventEmitter } from "../base/events.js";
import { type PlayoutClock, waitUntil } from "../frame/playout-clock.js";
import type { AgentEvents } from "./agent-events.js";
import type { BlockTimes } from "./block-times.js";
import { MAX_WAITING_UTTERANCES, type PlacedSpeech, SpeechTimeline, type SpokenResult } from "./speech-timeline.js";
import { SpeakingUtterance, type SpeechAudio, type Utterance } from "./utterance.js";

/** What an {@link AgentSpeech} needs of its agent. */
export type AgentSpeechHost = {
  readonly clock: PlayoutClock;
  readonly times: BlockTimes;
  /** Samples in a second of the model's audio. */
  readonly sampleRateHz: number;
  readonly events: EventEmitter<AgentEvents>;
  /** Aborted when the agent is disposed of. */
  readonly signal: AbortSignal;
  /** Something has begun or ended by now. */
  changed(): void;
  /** The first frame that would be ready in time if it was made again now. */
  earliestAgain(nowMs: number): number;
  /** Whether speech that begins with `frame` is begun earlier by making that again than by waiting. */
  canMakeAgain(frame: number): boolean;
  /** Has what is shown from `frame` on made again; `beginning` takes the place of the end of the audio of the block that hears it. */
  makeAgain(frame: number, beginning: Float32Array): void;
};

/** What sound needs from here to the audio thread, in ms. */
const ON_ITS_WAY_MS = 20;

/** What is spoken next: utterances from `speak()` to their last sample, each placed on the agent's timeline and told of. */
export class AgentSpeech {
  readonly #host: AgentSpeechHost;
  readonly #timeline: SpeechTimeline;
  readonly #utterances = new Map<string, SpeakingUtterance>();
  #settleWake = new AbortController();
  #count = 0;

  constructor(host: AgentSpeechHost) {
    this.#host = host;
    this.#timeline = new SpeechTimeline(host);
    host.signal.addEventListener("abort", () => this.#settleWake.abort(), { once: true });
  }

  /** Whether something waits or is spoken. */
  get waiting(): boolean {
    return this.#timeline.length > 0;
  }

  /** Whether something is spoken now, or will be at `atMs`. */
  speakingAt(atMs = this.#host.clock.nowMs()): boolean {
    return this.#timeline.speakingAt(this.#host.times.sampleAt(atMs)) !== undefined;
  }

  /** Puts an utterance behind the others; it is drawn forward where nothing else is spoken. Throws a `TypeError` for unusable audio. */
  speak(audio: SpeechAudio): Utterance {
    if (this.#utterances.size >= MAX_WAITING_UTTERANCES)
      throw new TypeError(
        `speak() takes at most ${MAX_WAITING_UTTERANCES} utterances at a time; await some or interrupt()`,
      );
    const { sampleRateHz, events } = this.#host;
    const utterance = new SpeakingUtterance({
      id: `utterance-${++this.#count}`,
      audio,
      sampleRateHz,
      onSamples: () => this.#drawForward(utterance.id),
      onError: (error) => events.emit("error", { error }),
    });
    this.#utterances.set(utterance.id, utterance);
    this.#timeline.add(utterance.id, utterance.source);
    this.#drawForward(utterance.id);
    return { id: utterance.id, finished: utterance.finished };
  }

  /** A block's time has nearly come: its speech gets its place. f32 [2560], silence where nothing is spoken. */
  place(block: number): Float32Array {
    const { clock, times } = this.#host;
    const start = times.audioStart(block);
    const pcm = new Float32Array(times.blockSamples);
    // After the host stood still the time of some samples has gone by: speech goes on after them, so that none of it is lost.
    const gone = Math.max(0, times.sampleAt(clock.nowMs() + ON_ITS_WAY_MS) - start);
    if (gone < pcm.length) {
      const { pcm: speech, placed } = this.#timeline.place(start + gone, pcm.length - gone);
      pcm.set(speech, gone);
      this.#schedule(placed);
    }
    for (const [id, { source }] of this.#utterances) if (source.finished) clock.finish?.(id);
    void this.#settle();
    return pcm;
  }

  /** Everything that is spoken or waits ends at `nowMs`. */
  interrupt(nowMs: number): void {
    for (const { id, playedSamples } of this.#timeline.interrupt(this.#host.times.sampleAt(nowMs))) {
      this.#host.clock.cancel?.(id, nowMs);
      this.#end({ id, playedSamples }, true);
    }
  }

  /**
   * Frames of silence that nobody has seen are made again with the beginning of an utterance: waiting for the next block that has not
   * been begun would cost up to half a second.
   */
  #drawForward(id: string): void {
    const host = this.#host;
    const { clock, times } = host;
    const earliest = host.earliestAgain(clock.nowMs());
    for (let frame = earliest; frame < earliest + times.blockFrames && host.canMakeAgain(frame); frame++) {
      const start = times.frameSample(frame);
      const count = times.audioStart(times.hearingBlock(frame) + 1) - start;
      if (!this.#timeline.waitsAlone(id, count + times.blockSamples)) continue; // less is needed where the rest of a block is shorter
      const { pcm, placed } = this.#timeline.place(start, count);
      if (placed.length === 0) return;
      this.#schedule(placed);
      host.makeAgain(frame, pcm);
      return;
    }
  }

  #schedule(placed: readonly PlacedSpeech[]): void {
    const { clock, times } = this.#host;
    for (const { utteranceId, start, ...original } of placed)
      clock.schedule?.({ utteranceId, startMs: times.msOf(start), ...original });
  }

  /** Tells of utterances that have begun or ended by now, and looks again when the next change is due. */
  async #settle(): Promise<void> {
    this.#settleWake.abort();
    this.#settleWake = new AbortController();
    const { clock, times, events, changed, signal: ended } = this.#host;
    const { signal } = this.#settleWake;
    while (!signal.aborted && !ended.aborted) {
      const { started, finished } = this.#timeline.settle(times.sampleAt(clock.nowMs()));
      for (const id of started) events.emit("utterance-started", { id });
      for (const result of finished) this.#end(result, false);
      changed();
      const next = this.#timeline.nextChange();
      if (next === undefined || !Number.isFinite(next)) return;
      await waitUntil(clock, times.msOf(next), signal);
    }
  }

  #end({ id, playedSamples }: SpokenResult, interrupted: boolean): void {
    const utterance = this.#utterances.get(id);
    if (utterance === undefined) return;
    this.#utterances.delete(id);
    this.#host.events.emit("utterance-finished", { id, ...utterance.end(playedSamples, interrupted) });
  }
}
