/** A piece of speech and its place on the agent's timeline. */
export type ScheduledSpeech = {
  readonly utteranceId: string;
  /** When its first sample is to be heard, in ms on the agent's clock. */
  readonly startMs: number;
  /** Interleaved samples in -1..1, at the rate that the caller of `speak` gave. Owned by the receiver. */
  readonly pcm: Float32Array;
  readonly sampleRateHz: number;
  readonly channels: number;
};

/**
 * The one master clock of an agent. One that also plays (see SpeechPlayer) gets every piece of speech with the time at which it must
 * be heard, and tells the time from what is really heard, so that picture and sound cannot drift apart.
 */
export interface PlayoutClock {
  /** Milliseconds on the agent's timeline that a person sees and hears now: near 0 at first, never going back. */
  nowMs(): number;
  /** Resolves when `nowMs()` has reached `timeMs`, or at once when `signal` aborts. @default timers that look at nowMs() */
  waitUntil?(timeMs: number, signal?: AbortSignal): Promise<void>;
  /** Plays these samples at their time. */
  schedule?(speech: ScheduledSpeech): void;
  /** Tells that every sample of an utterance has been scheduled. */
  finish?(utteranceId: string): void;
  /** Silences an utterance from `atMs` on. */
  cancel?(utteranceId: string, atMs: number): void;
  /** What is heard, as a stream (browsers). */
  captureStream?(): MediaStream;
}

/** The longest sleep between two looks at a clock, in ms: a clock may run faster than the machine's. */
const LONGEST_SLEEP_MS = 50;

/** A clock of the machine that starts at 0 now and plays nothing. */
export function createSystemClock(): PlayoutClock {
  const origin = performance.now();
  return { nowMs: () => performance.now() - origin };
}

/** Resolves when `clock` has reached `timeMs`, or when `signal` aborts; never rejects. */
export async function waitUntil(clock: PlayoutClock, timeMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  if (clock.waitUntil) return clock.waitUntil(timeMs, signal);
  while (!signal.aborted) {
    const leftMs = timeMs - clock.nowMs();
    if (leftMs <= 0) return;
    await sleep(Math.min(leftMs, LONGEST_SLEEP_MS), signal);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
