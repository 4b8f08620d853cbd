import { checkKeys } from "../base/option-checks.js";
import { mixMono } from "../capture/mix-mono.js";
import { StreamResampler } from "../capture/resampler.js";
import type { AssetOptions } from "../protocol/backend.js";
import { workletUrl } from "../runtime/worklet-urls.js";
import type { PlayoutClock, ScheduledSpeech } from "./playout-clock.js";

/** Options of {@link SpeechPlayer.create}. */
export type SpeechPlayerOptions = {
  /** The audio context to play in; it stays the caller's. @default one of its own */
  readonly context?: AudioContext | undefined;
  /** Where the sound goes; it must belong to `context`. @default the context's destination */
  readonly output?: AudioNode | undefined;
  readonly assets?: AssetOptions | undefined;
};

/** One utterance on its way to the loudspeaker: pieces that follow each other go through one resampler, so that no seam is heard. */
type Voice = {
  readonly resampler: StreamResampler | undefined;
  readonly rateHz: number;
  endMs: number;
  nextSample: number;
};

/** Pieces that begin within this time of the end of the one before are taken to follow it, in ms. */
const SEAM_MS = 2;
/** The longest sleep between two looks at the clock, in ms. */
const LONGEST_SLEEP_MS = 50;

/**
 * Plays what an agent speaks (browsers) and is its clock: time is what is heard now, so the picture keeps step with the sound
 * whatever the loudspeaker's delay. While the context is suspended (no click yet) time goes on by the machine's clock.
 *
 *     const player = await SpeechPlayer.create();
 *     const agent = await EchoAgent.create({ pack, clock: player });
 */
export class SpeechPlayer implements PlayoutClock {
  readonly context: AudioContext;
  readonly #node: AudioWorkletNode;
  readonly #ownsContext: boolean;
  readonly #voices = new Map<string, Voice>();
  /** timeline ms = heard ms of the context + offset. */
  #offsetMs = 0;
  #running = false;
  #lastMs = 0;
  #lastMachineMs = performance.now();
  readonly #waiting = new Set<{ readonly timeMs: number; readonly wake: () => void }>();

  private constructor(context: AudioContext, node: AudioWorkletNode, ownsContext: boolean) {
    this.context = context;
    this.#node = node;
    this.#ownsContext = ownsContext;
    node.port.onmessage = () => this.#wakeAll();
  }

  /** Loads the worklet. Throws when the page is not a secure context: AudioWorklet needs https or localhost. */
  static async create(options: SpeechPlayerOptions = {}): Promise<SpeechPlayer> {
    checkKeys(options, "options", ["context", "output", "assets"]);
    const context = options.context ?? new AudioContext({ latencyHint: "interactive" });
    if (context.audioWorklet === undefined)
      throw new TypeError("options.context must have an audioWorklet: serve the page by https or from localhost");
    await context.audioWorklet.addModule(workletUrl("player", options.assets));
    const node = new AudioWorkletNode(context, "echo-head-player", { numberOfInputs: 0, outputChannelCount: [2] });
    node.connect(options.output ?? context.destination);
    return new SpeechPlayer(context, node, options.context === undefined);
  }

  /** Milliseconds of what is heard now; goes on while the context is suspended, and never back. */
  nowMs(): number {
    const machineMs = performance.now();
    const running = this.context.state === "running";
    // What is heard now left the context `outputLatency` ago.
    const heardMs = (this.context.currentTime - (this.context.outputLatency || this.context.baseLatency || 0)) * 1_000;
    if (!running || !this.#running) {
      this.#lastMs += machineMs - this.#lastMachineMs;
      if (running) this.#offsetMs = this.#lastMs - heardMs; // sound has just begun: go on from here by it
    } else {
      this.#lastMs = Math.max(this.#lastMs, heardMs + this.#offsetMs);
    }
    this.#running = running;
    this.#lastMachineMs = machineMs;
    return this.#lastMs;
  }

  /**
   * Resolves when the time has come. The audio thread's ticks wake it, and timers where the context is suspended: a page in the
   * background has timers of a second, but goes on speaking.
   */
  waitUntil(timeMs: number, signal?: AbortSignal): Promise<void> {
    const leftMs = timeMs - this.nowMs();
    if (leftMs <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const look = (): void => {
        const left = timeMs - this.nowMs();
        if (left <= 0) wake();
        else timer = setTimeout(look, Math.min(left, LONGEST_SLEEP_MS));
      };
      let timer = setTimeout(look, Math.min(leftMs, LONGEST_SLEEP_MS));
      const waiter = { timeMs, wake };
      this.#waiting.add(waiter);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** Plays a piece at its time; what would have had to begin before now is left out. */
  schedule({ utteranceId, startMs, pcm, sampleRateHz, channels }: ScheduledSpeech): void {
    this.nowMs();
    if (!this.#running) return; // nobody can hear it
    const rateHz = this.context.sampleRate;
    let voice = this.#voices.get(utteranceId);
    if (voice === undefined || voice.rateHz !== sampleRateHz || Math.abs(startMs - voice.endMs) > SEAM_MS) {
      this.#flush(utteranceId);
      const nextSample = Math.round(((startMs - this.#offsetMs) * rateHz) / 1_000);
      const resampler =
        sampleRateHz === rateHz ? undefined : new StreamResampler({ inRateHz: sampleRateHz, outRateHz: rateHz });
      voice = { resampler, rateHz: sampleRateHz, endMs: startMs, nextSample };
      this.#voices.set(utteranceId, voice);
    }
    const mono = mixMono(pcm, channels);
    voice.endMs += (mono.length * 1_000) / sampleRateHz;
    this.#play(utteranceId, voice, voice.resampler ? voice.resampler.push(mono) : mono.slice());
  }

  /** Silences an utterance from `atMs` on, with a short fade. */
  cancel(utteranceId: string, atMs: number): void {
    const from = Math.round(((atMs - this.#offsetMs) * this.context.sampleRate) / 1_000);
    this.#node.port.postMessage({ kind: "cancel", id: utteranceId, from });
    this.#voices.delete(utteranceId);
  }

  /** The last samples of an utterance whose end is known come out of the resampler. */
  finish(utteranceId: string): void {
    this.#flush(utteranceId);
  }

  /** What is heard, as a stream with one audio track; each call gives another one. It ends with the player. */
  captureStream(): MediaStream {
    const destination = this.context.createMediaStreamDestination();
    this.#node.connect(destination);
    return destination.stream;
  }

  /** Ends the sound; a context that was handed in stays open. */
  async dispose(): Promise<void> {
    this.#node.disconnect();
    this.#node.port.onmessage = null;
    this.#node.port.close();
    this.#voices.clear();
    if (this.#ownsContext && this.context.state !== "closed") await this.context.close();
  }

  #wakeAll(): void {
    const nowMs = this.nowMs();
    for (const { timeMs, wake } of [...this.#waiting]) if (timeMs <= nowMs) wake();
  }

  #flush(utteranceId: string): void {
    const voice = this.#voices.get(utteranceId);
    if (voice?.resampler) this.#play(utteranceId, voice, voice.resampler.flush());
    this.#voices.delete(utteranceId);
  }

  #play(id: string, voice: Voice, pcm: Float32Array): void {
    if (pcm.length === 0) return;
    const start = voice.nextSample;
    voice.nextSample += pcm.length; // before the samples move to the audio thread
    this.#node.port.postMessage({ kind: "play", id, start, pcm }, [pcm.buffer]);
  }
}
