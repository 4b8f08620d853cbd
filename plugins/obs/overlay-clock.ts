import { createSystemClock, type PlayoutClock, type ScheduledSpeech } from "echo-head";

/** What the pages of a head must play, as the agent schedules it. */
export type SpeechListener = {
  onSpeech(speech: ScheduledSpeech): void;
  onCancel(utteranceId: string, atMs: number): void;
};

/**
 * The clock of a head whose voice is heard in overlay pages: time is the companion's, speech goes to the pages with its time, and they
 * play it and show the pictures with the same delay.
 */
export class OverlayClock implements PlayoutClock {
  readonly #clock = createSystemClock();
  #listener: SpeechListener | undefined;

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Sends what is scheduled from now on to `listener`. */
  listen(listener: SpeechListener): void {
    this.#listener = listener;
  }

  schedule(speech: ScheduledSpeech): void {
    this.#listener?.onSpeech(speech);
  }

  cancel(utteranceId: string, atMs: number): void {
    this.#listener?.onCancel(utteranceId, atMs);
  }
}
