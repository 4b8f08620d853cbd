import type { Face } from "./conversation.js";
import { FaceGlyph } from "./face-glyph.js";
import { loudness, Waveform } from "./waveform.js";

/** The small picture of the other side: a sign of their face, their voice, and who they are. */
export class UserTile {
  readonly #root: HTMLElement;
  readonly #note: HTMLElement;
  readonly #name: HTMLElement;
  readonly #glyph: FaceGlyph;
  readonly #wave: Waveform;
  #face: Face | null = null;
  #analyser: AnalyserNode | null = null;
  #scratch = new Float32Array(1024);

  /** @param root holds #glyph, #wave, #tile-name and #tile-note */
  constructor(root: HTMLElement) {
    const find = <T extends HTMLElement>(selector: string) => root.querySelector<T>(selector)!;
    this.#root = root;
    this.#note = find("#tile-note");
    this.#name = find("#tile-name");
    this.#glyph = new FaceGlyph(find<HTMLCanvasElement>("#glyph"));
    this.#wave = new Waveform(find<HTMLCanvasElement>("#wave"), { bars: 26, colour: "#9db7e8" });
  }

  /** @param note what is seen and heard of them, in two or three words @param analyser null: they are not heard */
  show(name: string, note: string, analyser: AnalyserNode | null): void {
    this.#root.hidden = false;
    this.#name.textContent = name;
    this.#note.textContent = note;
    this.#analyser = analyser;
  }

  hide(): void {
    this.#root.hidden = true;
    this.#analyser = null;
    this.#face = null;
  }

  setFace(face: Face | null): void {
    this.#face = face;
  }

  /** Call about 25 times a second. */
  draw(): void {
    if (this.#root.hidden) return;
    const level = this.#analyser ? loudness(this.#analyser, this.#scratch) : 0;
    this.#root.dataset.active = String(level > 0.28);
    this.#wave.push(level);
    this.#glyph.draw(this.#face);
  }
}
