import type {
  DecoderVariant,
  GeneratorStepInput,
  GeneratorStepOutput,
  GeneratorWorkerApi,
  PaintOutput,
} from "../../protocol/generator-worker.js";
import type { Painters } from "./painters.js";

type Load = Parameters<GeneratorWorkerApi["load"]>[0];

/**
 * A generator whose pictures are painted by threads of their own, side by side, while it may already make the next block. On a
 * processor that is quicker than several threads in one decoder, of which most wait most of the time
 * (docs/decisions/0017-painters.md), and pages without cross-origin isolation, where a graph has one thread, have no other way.
 */
export class PaintingGenerator implements GeneratorWorkerApi {
  readonly #generator: GeneratorWorkerApi;
  readonly #threads: number;
  readonly #startPainters: (load: Load) => Painters;
  #painters: Painters | undefined;
  /** Tokens of the frames of the last step that nobody paints yet. */
  #unpainted: Float32Array[] = [];
  /** Pictures of the last step that are being painted before they are asked for. */
  #ahead: Promise<PaintOutput>[] = [];

  /** All are owned. */
  constructor(parts: {
    readonly generator: GeneratorWorkerApi;
    /** Of the generator's graphs; the painters have the other cores. */
    readonly threads: number;
    /** Starts threads that have yet to load. */
    readonly startPainters: (load: Load) => Painters;
  }) {
    this.#generator = parts.generator;
    this.#threads = parts.threads;
    this.#startPainters = parts.startPainters;
  }

  async load(options: Load): ReturnType<GeneratorWorkerApi["load"]> {
    this.#drop();
    await this.#painters?.dispose();
    this.#painters = this.#startPainters(options);
    const assets = { ...options.assets, threads: this.#threads };
    const [report] = await Promise.all([
      this.#generator.load({ ...options, assets, paintsElsewhere: true }),
      this.#painters.load(),
    ]);
    return report;
  }

  prime(...input: Parameters<GeneratorWorkerApi["prime"]>) {
    return this.#generator.prime(...input);
  }

  async step(input: GeneratorStepInput): Promise<GeneratorStepOutput> {
    this.#drop();
    const { paintNow } = input;
    const { toPaint = [], ...output } = await this.#generator.step(input);
    const now = toPaint.slice(0, paintNow).map((tokens) => this.#paint(tokens));
    this.#unpainted = toPaint.slice(now.length);
    this.#begin(now.length);
    const stageMs = { ...output.stageMs };
    const rgba = [];
    for (const picture of now) {
      const painted = await picture;
      rgba.push(painted.rgba);
      for (const [stage, ms] of Object.entries(painted.stageMs)) stageMs[stage] = (stageMs[stage] ?? 0) + ms;
    }
    return { ...output, rgba, stageMs, unpainted: toPaint.length - now.length };
  }

  async paint(): Promise<PaintOutput> {
    this.#begin(0);
    const next = this.#ahead.shift();
    if (next === undefined) throw new TypeError("paint() has nothing to paint: every picture of the last step is done");
    this.#begin(1);
    return next;
  }

  async rewind(...input: Parameters<GeneratorWorkerApi["rewind"]>): Promise<void> {
    await this.#generator.rewind(...input);
  }

  async setAvatar(id: string): Promise<void> {
    await Promise.all([this.#generator.setAvatar(id), this.#painters?.show(id)]);
  }

  async setDecoder(variant: DecoderVariant): Promise<void> {
    await this.#painters?.setDecoder(variant);
  }

  async reset(): Promise<void> {
    this.#drop();
    await this.#generator.reset();
  }

  async dispose(): Promise<void> {
    this.#drop();
    await Promise.all([this.#generator.dispose(), this.#painters?.dispose()]);
  }

  /** Keeps every painter at work, so that the next picture is done when it is asked for; `busy` are painting already. */
  #begin(busy: number): void {
    const most = Math.max(1, this.#painters!.count - busy);
    while (this.#unpainted.length > 0 && this.#ahead.length < most)
      this.#ahead.push(this.#paint(this.#unpainted.shift()!));
  }

  /** Somebody hears of its error when the picture is asked for. */
  #paint(tokens: Float32Array): Promise<PaintOutput> {
    const picture = this.#painters!.paint(tokens);
    picture.catch(() => {});
    return picture;
  }

  /** What nobody has asked for is painted no more; what is being painted ends by itself. */
  #drop(): void {
    this.#unpainted = [];
    this.#ahead = [];
  }
}
