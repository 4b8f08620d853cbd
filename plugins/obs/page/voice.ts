import type { SpeechMessage } from "../wire.js";

type Playing = {
  readonly source: AudioBufferSourceNode;
  readonly gain: GainNode;
  readonly startS: number;
  readonly endS: number;
};

/** Pieces that begin within this time of the end of the one before follow it without a seam, in seconds. */
const SEAM_S = 0.03;
/** How long a voice that is cut off fades, in seconds. */
const FADE_S = 0.02;

/** Plays speech at its time in the page's AudioContext. OBS lets it start without a click. */
export class Voice {
  readonly #context: AudioContext;
  readonly #playing = new Map<string, Playing[]>();

  constructor() {
    this.#context = new AudioContext({ latencyHint: "interactive" });
    void this.#context.resume();
  }

  /** "running" when it is heard. */
  get state(): AudioContextState {
    return this.#context.state;
  }

  /** Plays a piece so that its first sample is heard in `inMs`; what would have begun before now is left out. */
  play({ utterance, pcm, channels, sampleRateHz }: SpeechMessage, inMs: number): void {
    const frames = pcm.length / channels;
    const { currentTime, outputLatency, baseLatency } = this.#context;
    if (this.#context.state !== "running" || frames === 0) return;
    const pieces = this.#playing.get(utterance) ?? [];
    const asked = currentTime + inMs / 1_000 - (outputLatency || baseLatency || 0);
    const last = pieces.at(-1)?.endS ?? Number.NEGATIVE_INFINITY;
    const startS = Math.abs(asked - last) < SEAM_S ? last : asked;
    const lateS = Math.max(currentTime - startS, 0);
    const endS = startS + frames / sampleRateHz;
    if (endS <= currentTime) return;
    const buffer = this.#context.createBuffer(channels, frames, sampleRateHz);
    for (let c = 0; c < channels; c++) {
      const samples = buffer.getChannelData(c);
      for (let i = 0; i < frames; i++) samples[i] = pcm[i * channels + c]!;
    }
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    const gain = this.#context.createGain();
    source.connect(gain).connect(this.#context.destination);
    source.start(startS + lateS, lateS);
    const piece = { source, gain, startS, endS };
    source.onended = () => {
      gain.disconnect();
      this.#forget(utterance, piece);
    };
    this.#playing.set(utterance, [...pieces, piece]);
  }

  /** Fades an utterance out in `inMs`. */
  cancel(utterance: string, inMs: number): void {
    const at = Math.max(this.#context.currentTime + inMs / 1_000, this.#context.currentTime);
    for (const { source, gain } of this.#playing.get(utterance) ?? []) {
      gain.gain.setValueAtTime(1, at);
      gain.gain.linearRampToValueAtTime(0, at + FADE_S);
      source.stop(at + FADE_S);
    }
  }

  /** Silences everything: the companion is gone. */
  stop(): void {
    for (const utterance of [...this.#playing.keys()]) this.cancel(utterance, 0);
  }

  #forget(utterance: string, piece: Playing): void {
    const left = (this.#playing.get(utterance) ?? []).filter((other) => other !== piece);
    if (left.length > 0) this.#playing.set(utterance, left);
    else this.#playing.delete(utterance);
  }
}
