/** A row of the readout: what it is called, and its value as a person reads it. */
export type ReadoutRow = readonly [name: string, value: string];

/** A plain list of figures. */
export class Readout {
  readonly #root: HTMLElement;
  readonly #cells = new Map<string, HTMLElement>();

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show(rows: readonly ReadoutRow[]): void {
    for (const [name, value] of rows) {
      let cell = this.#cells.get(name);
      if (!cell) {
        const term = document.createElement("dt");
        term.textContent = name;
        cell = document.createElement("dd");
        cell.dataset.row = name;
        this.#root.append(term, cell);
        this.#cells.set(name, cell);
      }
      if (cell.textContent !== value) cell.textContent = value;
    }
  }
}

/** Counts what happened in the last two seconds. */
export class RateMeter {
  readonly #times: number[] = [];

  /** @param timeMs performance.now() */
  count(timeMs: number): void {
    this.#times.push(timeMs);
    while (this.#times[0]! < timeMs - 2000) this.#times.shift();
  }

  /** Events a second. */
  rate(timeMs: number): number {
    const recent = this.#times.filter((time) => time >= timeMs - 2000);
    if (recent.length < 2) return 0;
    return ((recent.length - 1) * 1000) / Math.max(1, timeMs - recent[0]!);
  }
}
