/** Frames over which the offset is told: two seconds. */
const WINDOW = 50;

/** How far what is seen lies behind what is heard, over the last frames, in ms; below 0 it is ahead. */
export type AvOffset = { readonly medianMs: number; readonly worstMs: number };

/** Measures lips against sound where they meet: on the screen. */
export class AvOffsetMeter {
  readonly #late: number[] = [];

  /** A frame is on screen. @param heardMs the agent's clock now @param frameMs the time of the frame on it */
  shown(heardMs: number, frameMs: number): void {
    this.#late.push(heardMs - frameMs);
    if (this.#late.length > WINDOW) this.#late.shift();
  }

  clear(): void {
    this.#late.length = 0;
  }

  /** null before the first frame. */
  get offset(): AvOffset | null {
    if (this.#late.length === 0) return null;
    const sorted = this.#late.toSorted((a, b) => a - b);
    const worst = Math.abs(sorted[0]!) > Math.abs(sorted.at(-1)!) ? sorted[0]! : sorted.at(-1)!;
    return { medianMs: sorted[sorted.length >> 1]!, worstMs: worst };
  }
}
