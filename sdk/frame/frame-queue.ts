import type { EchoFrame } from "./echo-frame.js";
import { type PlayoutClock, waitUntil } from "./playout-clock.js";

/** Bound of a queue in frames: two blocks ahead of the clock and one that is due. */
export const QUEUE_FRAMES = 12;

/** A picture that comes later than this beside its sound is noticed (ITU-R BT.1359), in ms. */
const LATEST_MS = 100;
/** A picture that has stood for so long gives way even to one that comes too late, in ms. */
const LONGEST_STILL_MS = 500;

/** Counters of a {@link FrameQueue}. */
export type FrameQueueCounters = {
  readonly delivered: number;
  /** Frames closed unseen because a newer one was due, their moment had long passed, or the bound was reached. */
  readonly dropped: number;
};

/**
 * Frames on their way to one consumer, each handed out when its time has come on the clock. Bound: {@link QUEUE_FRAMES}. Drop rule:
 * the oldest first; a consumer that comes late gets the newest frame that is due and the ones before it are closed and counted. After
 * a host stood still that one may be stale too: it is left out for the next one, unless the picture has not moved for long.
 */
export class FrameQueue implements AsyncIterableIterator<EchoFrame> {
  readonly #clock: PlayoutClock;
  readonly #onEnd: () => void;
  readonly #frames: EchoFrame[] = [];
  #changed = new AbortController();
  #ended = false;
  #failure: Error | undefined;
  #delivered = 0;
  #dropped = 0;
  /** When the last frame was handed out, on the clock. */
  #handedOutMs = Number.NEGATIVE_INFINITY;
  #last: Promise<unknown> = Promise.resolve();

  /** `onEnd` is called once, when the consumer or the agent ends the queue. */
  constructor(options: { clock: PlayoutClock; onEnd?: () => void }) {
    this.#clock = options.clock;
    this.#onEnd = options.onEnd ?? (() => {});
  }

  /** Adds a frame, which the queue then owns; frames come in order of time. */
  push(frame: EchoFrame): void {
    if (this.#ended) {
      frame.close();
      return;
    }
    this.#frames.push(frame);
    if (this.#frames.length > QUEUE_FRAMES) this.#drop(1);
    this.#wake();
  }

  /** Closes every frame from `timeMs` on: speech was interrupted and other frames take their place. They are not counted as dropped. */
  discardFrom(timeMs: number): void {
    while (this.#frames.length > 0 && this.#frames[this.#frames.length - 1]!.timestampMs >= timeMs)
      this.#frames.pop()!.close();
  }

  /** Frames that wait. */
  get length(): number {
    return this.#frames.length;
  }

  /** Delivered and dropped frames so far. */
  counters(): FrameQueueCounters {
    return { delivered: this.#delivered, dropped: this.#dropped };
  }

  /** Ends the queue: waiting frames are closed, `next()` says done, or rejects once with `failure`. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    for (const frame of this.#frames.splice(0)) frame.close();
    this.#wake();
    this.#onEnd();
  }

  /** The next frame, when it is due. The consumer owns it and closes it. */
  next(): Promise<IteratorResult<EchoFrame, undefined>> {
    const result = this.#last.then(() => this.#take());
    this.#last = result.catch(() => {});
    return result;
  }

  /** Ends the queue from the consumer's side (`break` in a `for await`). */
  async return(): Promise<IteratorResult<EchoFrame, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #take(): Promise<IteratorResult<EchoFrame, undefined>> {
    for (;;) {
      if (this.#failure !== undefined) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      if (this.#ended) return { done: true, value: undefined };
      const nowMs = this.#clock.nowMs();
      let due = 0;
      while (due < this.#frames.length && this.#frames[due]!.timestampMs <= nowMs) due += 1;
      if (due > 0) {
        this.#drop(due - 1);
        const frame = this.#frames.shift()!;
        if (nowMs - frame.timestampMs <= LATEST_MS || nowMs - this.#handedOutMs >= LONGEST_STILL_MS) {
          this.#delivered += 1;
          this.#handedOutMs = nowMs;
          return { done: false, value: frame };
        }
        frame.close();
        this.#dropped += 1;
        continue;
      }
      const { signal } = this.#changed;
      const next = this.#frames[0];
      if (next) await waitUntil(this.#clock, next.timestampMs, signal);
      else await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
  }

  #drop(count: number): void {
    for (const frame of this.#frames.splice(0, count)) frame.close();
    this.#dropped += count;
  }

  #wake(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}
