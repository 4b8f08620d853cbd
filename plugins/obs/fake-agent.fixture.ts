import type { AgentEvents, AgentStats, AudioChunk, SpeechAudio, Utterance, UtteranceResult } from "echo-head";
import type { OverlayClock } from "./overlay-clock.js";
import type { HeadAgent, HeadRequest } from "./overlay-head.js";

const SIZE = 64;
const FRAME_MS = 40;

/** A disc: opaque red upper half, half clear green lower half; its centre goes blue while it speaks. */
function picture(speaking: boolean): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(SIZE * SIZE * 4);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      const radius = Math.hypot(x - 31.5, y - 31.5);
      if (radius > 30) continue;
      const rest = y < 32 ? [220, 30, 20, 255] : [30, 200, 20, 128];
      // The left edge of the upper half is yellow, to tell a mirrored picture.
      const edge = x < 16 && y < 32 ? [230, 220, 10, 255] : rest;
      rgba.set(speaking && radius < 10 ? [10, 20, 240, 255] : edge, 4 * (y * SIZE + x));
    }
  return rgba;
}

/** An agent without a model: frames and voices by the clock. */
export class FakeAgent implements HeadAgent {
  readonly request: HeadRequest;
  readonly backend = "none";
  readonly heard: AudioChunk[] = [];
  readonly turns: { role: string; text: string }[] = [];
  readonly user = { pushAudio: (audio: AudioChunk) => void this.heard.push(audio) };
  readonly dialogue = { add: (turn: { role: string; text: string }) => void this.turns.push(turn) };
  readonly #clock: OverlayClock;
  readonly #listeners: { event: string; listener: (payload: never) => void }[] = [];
  readonly #ended = new AbortController();
  /** Ends the frames with this. */
  failure: Error | undefined;
  #frames = 0;
  #utterances = 0;
  #interrupt: (() => void) | undefined;

  constructor(request: HeadRequest, clock: OverlayClock) {
    this.request = request;
    this.#clock = clock;
  }

  get state(): string {
    return this.#ended.signal.aborted ? "disposed" : this.#interrupt ? "speaking" : "listening";
  }

  async *frames() {
    while (!this.#ended.signal.aborted) {
      if (this.failure) throw this.failure;
      await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      const [index, timestampMs] = [this.#frames++, this.#clock.nowMs()];
      yield { index, timestampMs, width: SIZE, height: SIZE, rgba: picture(this.#interrupt !== undefined), close() {} };
    }
  }

  speak(audio: SpeechAudio): Utterance {
    const id = `utterance-${++this.#utterances}`;
    return { id, finished: this.#speak(id, audio) };
  }

  interrupt(): void {
    this.#interrupt?.();
  }

  on<Name extends keyof AgentEvents>(event: Name, listener: (payload: AgentEvents[Name]) => void): () => void {
    this.#listeners.push({ event, listener: listener as (payload: never) => void });
    return () => {};
  }

  stats(): AgentStats {
    return { frames: this.#frames, skippedBlocks: 0 } as AgentStats;
  }

  async dispose(): Promise<void> {
    this.#interrupt?.();
    this.#ended.abort();
  }

  async #speak(id: string, audio: SpeechAudio): Promise<UtteranceResult> {
    let playedMs = 0;
    const startMs = this.#clock.nowMs() + 50;
    for await (const chunk of audio as AsyncIterable<AudioChunk>) {
      const { pcm, sampleRateHz, channels = 1 } = chunk;
      this.#clock.schedule({ utteranceId: id, startMs: startMs + playedMs, pcm, sampleRateHz, channels });
      playedMs += (1_000 * pcm.length) / channels / sampleRateHz;
    }
    this.#emit("utterance-started", { id });
    const interrupted = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), playedMs);
      this.#interrupt = () => {
        clearTimeout(timer);
        this.#clock.cancel(id, this.#clock.nowMs());
        resolve(true);
      };
    });
    this.#interrupt = undefined;
    this.#emit("utterance-finished", { id, playedMs, interrupted });
    return { playedMs, interrupted };
  }

  #emit<Name extends keyof AgentEvents>(event: Name, payload: AgentEvents[Name]): void {
    for (const { event: name, listener } of this.#listeners) if (name === event) listener(payload as never);
  }
}
