import { EchoError, reasonOf } from "../../base/errors.js";
import { Logger } from "../../base/logger.js";
import type { DecoderVariant, PaintOutput } from "../../protocol/generator-worker.js";
import type { PainterWorkerApi } from "../../protocol/painter-worker.js";

type Load = Parameters<PainterWorkerApi["load"]>[0];

/** A painter and how its thread ends. */
export type Painter = { readonly api: PainterWorkerApi; dispose(): Promise<void> };

/** Errors of a thread, not of what it was asked: another painter, or a new thread, can do it. */
const OF_THE_THREAD = new Set([
  "worker-died",
  "worker-call-timeout",
  "worker-start-failed",
  "worker-restarts-exhausted",
]);

/** Several painters: each picture goes to the first that is free. */
export class Painters {
  readonly #all: Painter[];
  readonly #load: Load;
  /** Those that have loaded and paint nothing now. */
  readonly #idle: Painter[] = [];
  readonly #waiting: ((painter: Painter) => void)[] = [];
  readonly #logger = new Logger("echo-head");
  #joined = 0;
  #joining: Promise<unknown> = Promise.resolve();
  #disposed = false;

  /** `start` is called once for each painter; it is told what a thread that is started again has to load. */
  constructor(count: number, load: Load, start: (load: () => Load) => Painter) {
    this.#load = { ...load };
    this.#all = Array.from({ length: count }, () => start(() => ({ ...this.#load })));
  }

  /** How many pictures are painted at once. */
  get count(): number {
    return this.#all.length;
  }

  /** Loads the first one; the others follow, so that the files of the pack are fetched once and the first frame waits for one only. */
  async load(): Promise<void> {
    const [first, ...others] = this.#all;
    await this.#join(first!);
    this.#joining = Promise.all(
      others.map((painter) =>
        this.#join(painter).catch((error: unknown) => {
          if (!this.#disposed) this.#leave(painter, reasonOf(error));
        }),
      ),
    );
  }

  /** Paints one frame of tokens. A picture whose thread dies is painted again. */
  async paint(tokens: Float32Array): Promise<PaintOutput> {
    for (let again = 0; ; again++) {
      const painter = await this.#free();
      try {
        const picture = await painter.api.paint(tokens.slice());
        this.#give(painter);
        return picture;
      } catch (error) {
        const mends = EchoError.is(error) && OF_THE_THREAD.has(error.code) && !this.#disposed;
        if (mends && error.code === "worker-restarts-exhausted" && this.#joined > 1) {
          this.#joined -= 1;
          this.#leave(painter, error.message);
          continue;
        }
        this.#give(painter);
        if (!mends || again >= this.#all.length) throw error;
      }
    }
  }

  /** Another avatar, or another decoder of it, from the next picture on. */
  async show(avatar: string, variant = this.#load.variant): Promise<void> {
    const before = { ...this.#load };
    Object.assign(this.#load, { avatar, variant });
    try {
      await Promise.all(this.#all.map((painter) => painter.api.show(avatar, variant)));
    } catch (error) {
      Object.assign(this.#load, before);
      throw error;
    }
  }

  setDecoder(variant: DecoderVariant): Promise<void> {
    return this.show(this.#load.avatar, variant);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#all.map((painter) => painter.dispose()));
    await this.#joining;
  }

  async #join(painter: Painter): Promise<void> {
    await painter.api.load({ ...this.#load });
    this.#joined += 1;
    this.#give(painter);
  }

  /** The others go on without it. */
  #leave(painter: Painter, reason: string): void {
    this.#all.splice(this.#all.indexOf(painter), 1);
    this.#logger.warning(`pictures are painted by ${this.#all.length} threads from now on: ${reason}`);
    void painter.dispose();
  }

  #free(): Promise<Painter> {
    const painter = this.#idle.shift();
    return painter ? Promise.resolve(painter) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(painter: Painter): void {
    const next = this.#waiting.shift();
    if (next) next(painter);
    else this.#idle.push(painter);
  }
}
