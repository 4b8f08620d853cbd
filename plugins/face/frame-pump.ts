import type { FaceFrame } from "./face-frame.js";

/** Pulls frames from one source at a time, hands each to `take` and closes it. */
export class FramePump {
  readonly #take: (frame: FaceFrame) => void;
  #source: AsyncIterator<FaceFrame> | undefined;
  #ended = false;

  constructor(take: (frame: FaceFrame) => void) {
    this.#take = take;
  }

  /** True while a source is pulled from. */
  get attached(): boolean {
    return this.#source !== undefined;
  }

  /**
   * Pulls until the source ends, another source is attached, or the pump is disposed. The source is told that nobody
   * listens any more, but whoever made it ends it. Rejects with what the source or `take` throws.
   */
  async attach(frames: AsyncIterable<FaceFrame>): Promise<void> {
    if (this.#ended) throw new TypeError("attach() was called after dispose()");
    this.detach();
    const source = frames[Symbol.asyncIterator]();
    this.#source = source;
    try {
      for (;;) {
        const { done, value } = await source.next();
        if (done) return;
        const current = this.#source === source;
        try {
          if (current) this.#take(value);
        } finally {
          value.close();
        }
        if (!current) return;
      }
    } finally {
      if (this.#source === source) {
        this.#source = undefined;
        void source.return?.();
      }
    }
  }

  /** Lets the source go; its `attach()` resolves. Nothing happens when there is none. */
  detach(): void {
    const source = this.#source;
    this.#source = undefined;
    void source?.return?.();
  }

  /** Detaches for good. May be called again. */
  dispose(): void {
    this.#ended = true;
    this.detach();
  }
}
