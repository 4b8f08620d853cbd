/** A running picture of loudness: bars that move to the left, the newest on the right. */
export class Waveform {
  readonly #canvas: HTMLCanvasElement;
  readonly #levels: Float32Array;
  readonly #colour: string;

  constructor(canvas: HTMLCanvasElement, options: { bars: number; colour: string }) {
    this.#canvas = canvas;
    this.#levels = new Float32Array(options.bars);
    this.#colour = options.colour;
  }

  /** @param level loudness now, 0..1 */
  push(level: number): void {
    this.#levels.copyWithin(0, 1);
    this.#levels[this.#levels.length - 1] = level;
    this.#draw();
  }

  #draw(): void {
    const ratio = Math.min(2, devicePixelRatio);
    const width = Math.round(this.#canvas.clientWidth * ratio) || 1;
    const height = Math.round(this.#canvas.clientHeight * ratio) || 1;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, width, height);
    context.fillStyle = this.#colour;
    const step = width / this.#levels.length;
    const bar = Math.max(1, step * 0.55);
    for (const [i, level] of this.#levels.entries()) {
      const tall = Math.max(bar, Math.min(1, level) * height);
      context.globalAlpha = 0.35 + 0.65 * (i / this.#levels.length);
      context.beginPath();
      context.roundRect(i * step + (step - bar) / 2, (height - tall) / 2, bar, tall, bar / 2);
      context.fill();
    }
  }
}

/** Loudness of what an analyser hears, 0..1, on a scale that suits speech. */
export function loudness(analyser: AnalyserNode, scratch: Float32Array<ArrayBuffer>): number {
  analyser.getFloatTimeDomainData(scratch);
  let sum = 0;
  for (const sample of scratch) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / scratch.length + 1e-9);
  return Math.min(1, Math.max(0, (decibels + 52) / 40)); // -52 dB is still, -12 dB is loud
}
