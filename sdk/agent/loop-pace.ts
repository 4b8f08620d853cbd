/** Times of which the slowest tenth is left out: what is as likely as not a hiccup of the machine. */
const LIKELY = 0.9;
/** Runs that count. */
const WINDOW = 25;
/** Room between a picture that is ready and its time, in ms. */
const MARGIN_MS = 10;

/** What the generator is busy with. */
type Busy = { readonly sinceMs: number; readonly work: "rewind" | "first" | "picture"; readonly picturesAfter: number };

/** How soon a frame could be ready that is asked for now: what the last blocks took on this machine, part by part. */
export class LoopPace {
  readonly #times = { rewind: [] as number[], first: [] as number[], picture: [] as number[] };
  #busy: Busy | undefined;

  /** Times an answer of the generator: going back, a block's motion with its first picture, or one more picture. */
  async timed<T>(work: Busy["work"], answer: Promise<T>, clock: { nowMs(): number }, picturesAfter = 0): Promise<T> {
    const busy = { sinceMs: clock.nowMs(), work, picturesAfter };
    this.#busy = busy;
    try {
      const result = await answer;
      const times = this.#times[work];
      times.push(clock.nowMs() - busy.sinceMs);
      if (times.length > WINDOW) times.shift();
      return result;
    } finally {
      if (this.#busy === busy) this.#busy = undefined;
    }
  }

  /** Time from asking for a block that is made again to its first picture, in ms. */
  get againMs(): number {
    return this.#likely("rewind") + this.#likely("first") + MARGIN_MS;
  }

  /** How long the generator is still busy: if the pictures that are left are dropped, and if they are painted. In ms. */
  busyMs(nowMs: number): { readonly cutMs: number; readonly wholeMs: number } {
    if (this.#busy === undefined) return { cutMs: 0, wholeMs: 0 };
    const { sinceMs, work, picturesAfter } = this.#busy;
    const cutMs = Math.max(0, this.#likely(work) - (nowMs - sinceMs));
    return { cutMs, wholeMs: cutMs + picturesAfter * this.#likely("picture") };
  }

  #likely(work: Busy["work"]): number {
    const sorted = [...this.#times[work]].sort((a, b) => a - b);
    return sorted[Math.ceil(LIKELY * sorted.length) - 1] ?? 0;
  }
}
