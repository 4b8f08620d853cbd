import type { PlayoutClock, ScheduledSpeech } from "./playout-clock.js";

type Waiter = { readonly timeMs: number; readonly resolve: () => void };

/** A clock that a test, or an offline host, moves by hand; it records what it was asked to play. */
export class ManualPlayoutClock implements PlayoutClock {
  /** Every piece of speech so far, as it was scheduled. */
  readonly scheduled: ScheduledSpeech[] = [];
  /** Every cancellation so far. */
  readonly cancelled: { readonly utteranceId: string; readonly atMs: number }[] = [];
  #nowMs = 0;
  #waiters: Waiter[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  waitUntil(timeMs: number, signal?: AbortSignal): Promise<void> {
    if (timeMs <= this.#nowMs || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const waiter = { timeMs, resolve: done };
      this.#waiters.push(waiter);
      signal?.addEventListener("abort", done);
    });
  }

  schedule(speech: ScheduledSpeech): void {
    this.scheduled.push(speech);
  }

  cancel(utteranceId: string, atMs: number): void {
    this.cancelled.push({ utteranceId, atMs });
  }

  /** Moves the clock on and wakes everybody whose time has come. */
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const waiter of this.#waiters.filter(({ timeMs }) => timeMs <= this.#nowMs)) waiter.resolve();
  }
}
