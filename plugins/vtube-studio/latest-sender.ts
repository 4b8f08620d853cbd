/** Options of {@link LatestSender}. */
export type LatestSenderOptions<Value> = {
  /** Sends one value; the next waits until it is answered. */
  readonly send: (value: Value) => Promise<unknown>;
  /** Told why a value was not taken. */
  readonly onFailure: (error: unknown) => void;
  /** The last value is sent again after this long without a newer one, in ms. */
  readonly repeatMs: number;
};

/**
 * Sends the newest value, one at a time, and repeats the last one while nothing newer comes. At most one value waits; a newer one
 * takes its place.
 */
export class LatestSender<Value> {
  readonly #options: LatestSenderOptions<Value>;
  #latest: Value | undefined;
  #waiting = false;
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #replaced = 0;
  #running = false;

  constructor(options: LatestSenderOptions<Value>) {
    this.#options = options;
  }

  /** Values that a newer one overtook before they were sent. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Takes a value; it is sent at once unless one is under way or the sender is stopped. */
  put(value: Value): void {
    if (this.#waiting) this.#replaced += 1;
    this.#latest = value;
    this.#waiting = true;
    void this.#send();
  }

  /** Lets values out, beginning with the last one. */
  start(): void {
    this.#running = true;
    void this.#send();
  }

  /** Holds values back. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Forgets the last value: nothing is repeated. */
  clear(): void {
    this.#latest = undefined;
    this.#waiting = false;
    clearTimeout(this.#timer);
  }

  async #send(): Promise<void> {
    if (this.#busy || !this.#running || this.#latest === undefined) return;
    clearTimeout(this.#timer);
    this.#busy = true;
    this.#waiting = false;
    try {
      await this.#options.send(this.#latest);
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#busy = false;
    }
    if (!this.#running) return;
    if (this.#waiting) void this.#send();
    else if (this.#latest !== undefined) this.#timer = setTimeout(() => void this.#send(), this.#options.repeatMs);
  }
}
