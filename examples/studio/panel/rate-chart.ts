/** Seconds that are drawn: a minute. */
const SECONDS = 60;

/** Draws how many frames reached the screen in each of the last seconds, with a line where all would. Colours come from the canvas's style. */
export class RateChart {
  readonly #canvas: HTMLCanvasElement;
  readonly #full: number;
  readonly #least: number;
  readonly #rates: number[] = [];

  /** @param full frames a second when none is missing @param least below it a bar has the colour of a warning */
  constructor(canvas: HTMLCanvasElement, options: { full: number; least: number }) {
    this.#canvas = canvas;
    this.#full = options.full;
    this.#least = options.least;
  }

  clear(): void {
    this.#rates.length = 0;
    this.draw();
  }

  add(rate: number): void {
    this.#rates.push(rate);
    if (this.#rates.length > SECONDS) this.#rates.shift();
    this.draw();
  }

  draw(): void {
    const canvas = this.#canvas;
    const ratio = Math.min(2, devicePixelRatio);
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    const context = canvas.getContext("2d");
    if (width === 0 || !context) return; // its page is not shown
    canvas.width = width;
    canvas.height = height;
    const { color, caretColor, outlineColor } = getComputedStyle(canvas);
    const scale = (0.9 * height) / this.#full;
    const step = width / SECONDS;
    for (const [i, rate] of this.#rates.entries()) {
      const tall = Math.min(height, Math.max(ratio, rate * scale));
      const x = width - (this.#rates.length - i) * step;
      context.fillStyle = rate < this.#least ? caretColor : color;
      context.beginPath();
      context.roundRect(x, height - tall, 0.7 * step, tall, [ratio, ratio, 0, 0]);
      context.fill();
    }
    context.fillStyle = outlineColor;
    context.fillRect(0, height - this.#full * scale, width, ratio);
  }
}
