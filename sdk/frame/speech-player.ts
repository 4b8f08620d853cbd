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

  private constructor(context: AudioContext, node: AudioWorkletNode, ownsContext: boolean) {
    this.context = context;
    this.#node = node;
    this.#ownsContext = ownsContext;
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

  /** Ends the sound; a context that was handed in stays open. */
  async dispose(): Promise<void> {
    this.#node.disconnect();
    this.#node.port.close();
    this.#voices.clear();
    if (this.#ownsContext && this.context.state !== "closed") await this.context.close();
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
