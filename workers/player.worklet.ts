/**
 * Plays pieces of mono speech, each at its sample of the context's timeline, and reports which have been played. Runs on the audio
 * thread; it must import nothing.
 */

/** A piece that waits. `start` is a sample number of the context. */
type Piece = { readonly id: string; readonly start: number; pcm: Float32Array };

/** From the page: play this; or silence an utterance from a sample on. */
type PlayerMessage =
  | { readonly kind: "play"; readonly id: string; readonly start: number; readonly pcm: Float32Array }
  | { readonly kind: "cancel"; readonly id: string; readonly from: number };

/** Render quanta between two ticks: 21 ms at 48 kHz. Messages reach a page in the background, whose timers run once a second. */
const TICK_QUANTA = 8;
/** Samples over which a cut is faded, so that it does not click: 5 ms at 48 kHz. */
const FADE_SAMPLES = 240;

class PlayerProcessor extends AudioWorkletProcessor {
  #pieces: Piece[] = [];
  #quanta = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<PlayerMessage>) => {
      if (data.kind === "play") this.#pieces.push({ id: data.id, start: data.start, pcm: data.pcm });
      else this.#pieces = this.#pieces.flatMap((piece) => cut(piece, data.id, data.from));
    };
  }

  override process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    this.#quanta += 1;
    if (this.#quanta % TICK_QUANTA === 0) this.port.postMessage("tick");
    const channels = outputs[0] ?? [];
    const out = channels[0];
    if (out === undefined) return true;
    const end = currentFrame + out.length;
    for (const { start, pcm } of this.#pieces) {
      const from = Math.max(start, currentFrame);
      const to = Math.min(start + pcm.length, end);
      for (let i = from; i < to; i++) out[i - currentFrame]! += pcm[i - start]!;
    }
    this.#pieces = this.#pieces.filter(({ start, pcm }) => start + pcm.length > end);
    for (const channel of channels.slice(1)) channel.set(out);
    return true;
  }
}

/** What is left of a piece when its utterance is silenced. */
function cut(piece: Piece, id: string, from: number): Piece[] {
  if (piece.id !== id) return [piece];
  const kept = Math.max(from, currentFrame) + FADE_SAMPLES - piece.start;
  if (kept <= 0) return [];
  if (kept >= piece.pcm.length) return [piece];
  const pcm = piece.pcm.slice(0, kept);
  for (let i = 0; i < Math.min(FADE_SAMPLES, kept); i++) pcm[kept - 1 - i]! *= i / FADE_SAMPLES;
  return [{ ...piece, pcm }];
}

registerProcessor("echo-head-player", PlayerProcessor);
