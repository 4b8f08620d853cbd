/** The shortest time between two reports, in ms. */
const REPORT_EVERY_MS = 1_000;

/**
 * Notices frames that were thrown away without `close()`, when the garbage collector finds them, and reports their number at most
 * once a second.
 */
export class UnclosedFrames {
  readonly #report: (count: number) => void;
  readonly #nowMs: () => number;
  readonly #registry: FinalizationRegistry<null> | undefined;
  #count = 0;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  /** `report` gets the number of frames lost since the last report. @default nowMs: performance.now() */
  constructor(options: { report: (count: number) => void; nowMs?: () => number }) {
    this.#report = options.report;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    if (typeof FinalizationRegistry === "function") this.#registry = new FinalizationRegistry(() => this.noteLost());
  }

  /** Watches a frame. It is held weakly. */
  add(frame: object): void {
    this.#registry?.register(frame, null, frame);
  }

  /** Stops watching a frame: it was closed. */
  remove(frame: object): void {
    this.#registry?.unregister(frame);
  }

  /** Counts one lost frame, and reports when the last report is long enough ago. */
  noteLost(): void {
    this.#count += 1;
    if (this.#nowMs() - this.#reportedAtMs < REPORT_EVERY_MS) return;
    this.#reportedAtMs = this.#nowMs();
    const count = this.#count;
    this.#count = 0;
    this.#report(count);
  }
}
