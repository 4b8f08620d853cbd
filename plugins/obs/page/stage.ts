import type { PictureMessage } from "../wire.js";
import type { PageOptions } from "./options.js";

/** What is seen: the head on a clear canvas, captions, and with ?debug a few lines of figures. */
export class Stage {
  readonly #canvas = document.getElementById("head") as HTMLCanvasElement;
  readonly #captions = document.getElementById("captions") as HTMLDivElement;
  readonly #context = this.#canvas.getContext("2d")!;
  readonly #options: PageOptions;
  readonly #hud: HTMLPreElement | undefined;
  #note = "";

  constructor(options: PageOptions) {
    this.#options = options;
    if (options.debug) {
      this.#hud = document.createElement("pre");
      this.#hud.id = "hud";
      document.body.append(this.#hud);
    }
    addEventListener("resize", () => this.#fit());
  }

  /** Draws a picture with its alpha as it is. */
  show({ width, height, rgba }: PictureMessage): void {
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#fit();
    }
    const pixels = new Uint8ClampedArray(rgba.buffer as ArrayBuffer, rgba.byteOffset, rgba.byteLength);
    this.#context.putImageData(new ImageData(pixels, width, height), 0, 0);
  }

  /** Fades the head in or out. */
  live(on: boolean): void {
    this.#canvas.classList.toggle("live", on);
  }

  /** Shows a text, or nothing for "". */
  caption(text: string): void {
    if (!this.#options.captions) return;
    if (text !== "") this.#captions.textContent = text;
    this.#captions.classList.toggle("on", text !== "");
  }

  note(text: string): void {
    this.#note = text;
  }

  hud(lines: readonly string[]): void {
    if (this.#hud) this.#hud.textContent = [...lines, this.#note].join("\n").trim();
  }

  /** Stands on the lower edge, in the middle, as large as the source allows or as ?scale says. */
  #fit(): void {
    const { width, height } = this.#canvas;
    const scale = this.#options.scale ?? Math.min(innerWidth / width, innerHeight / height);
    this.#canvas.style.width = `${width * scale}px`;
    this.#canvas.style.height = `${height * scale}px`;
    this.#canvas.style.transform = `translateX(-50%)${this.#options.mirror ? " scaleX(-1)" : ""}`;
  }
}
