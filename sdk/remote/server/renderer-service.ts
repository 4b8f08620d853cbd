import { GeneratorService } from "../../agent/services/generator-service.js";
import type { StageHost } from "../../agent/services/stage-host.js";
import { EchoError } from "../../base/errors.js";
import type { Pack } from "../../pack/pack.js";
import type { StageName } from "../../pack/types.js";
import type { BackendReport } from "../../protocol/backend.js";
import type { GeneratorStepInput, GeneratorStepOutput } from "../../protocol/generator-worker.js";
import type { BatchReport, RendererWorkerApi } from "../../protocol/renderer-worker.js";
import { BatchingRuntime } from "./batching-runtime.js";

/** No client's: their ids are hexadecimal. */
const WARM_UP = "warm-up";

type Loaded = { readonly pack: Pack; readonly runtime: BatchingRuntime };

/**
 * The heads of one node: each is a GeneratorService as a local agent has one, but they share their graphs, which run them in batches
 * (see {@link BatchingRuntime}).
 */
export class RendererService implements RendererWorkerApi {
  readonly #host: StageHost;
  readonly #heads = new Map<string, GeneratorService>();
  #loaded: Loaded | undefined;
  #batches: Record<string, { runs: number; heads: number; ms: number }> = {};

  constructor(host: StageHost) {
    this.#host = host;
  }

  async load(options: Parameters<RendererWorkerApi["load"]>[0]): Promise<BackendReport> {
    await this.dispose();
    const pack = await this.#host.openPack(options.pack);
    const runtime = new BatchingRuntime({
      runtime: await this.#host.openRuntime({ backend: options.backend, assets: options.assets }),
      maxBatch: options.maxBatch,
      statesOf: (graph) => (pack.manifest.behaviour[graph as StageName]?.states ?? []).map(({ input }) => input),
      onRun: ({ graph, sessions, tookMs }) => {
        this.#batches[graph] ??= { runs: 0, heads: 0, ms: 0 };
        const sum = this.#batches[graph];
        sum.runs += 1;
        sum.heads += sessions;
        sum.ms += tookMs;
      },
    });
    this.#loaded = { pack, runtime };
    await this.#warmUp(pack);
    return { backend: runtime.backend, downgrade: runtime.downgrade };
  }

  async open(head: string, options: { avatar: string; seed: number }): Promise<{ width: number; height: number }> {
    if (this.#loaded === undefined) throw new EchoError("disposed", { what: "the renderer (or it was never loaded)" });
    const { pack, runtime } = this.#loaded;
    const service = new GeneratorService({ openPack: async () => pack, openRuntime: async () => runtime.share() });
    const { avatar, seed } = options;
    const { width, height } = await service.load({ pack: pack.source, avatar, backend: runtime.backend, seed });
    this.#heads.set(head, service);
    return { width, height };
  }

  step(head: string, input: GeneratorStepInput): Promise<GeneratorStepOutput> {
    return this.#head(head).step(input);
  }

  prime(head: string, input: { readonly pcm: Float32Array }): Promise<void> {
    return this.#head(head).prime(input);
  }

  rewind(head: string, input: { readonly blocks: number; readonly pcm: Float32Array }): Promise<void> {
    return this.#head(head).rewind(input);
  }

  setAvatar(head: string, avatar: string): Promise<void> {
    return this.#head(head).setAvatar(avatar);
  }

  reset(head: string): Promise<void> {
    return this.#head(head).reset();
  }

  async close(head: string): Promise<void> {
    const service = this.#heads.get(head);
    this.#heads.delete(head);
    await service?.dispose();
  }

  async takeBatches(): Promise<BatchReport> {
    const graphs = this.#batches;
    this.#batches = {};
    return { graphs };
  }

  async dispose(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    const heads = [...this.#heads.values()];
    this.#heads.clear();
    await Promise.all(heads.map((service) => service.dispose()));
    await loaded?.runtime.dispose();
  }

  /** One block of a head that nobody sees: graphs are loaded and compiled before the first client comes. */
  async #warmUp({ manifest }: Pack): Promise<void> {
    const { clock, behaviour, defaultAvatar } = manifest;
    const zeros = (shape: readonly unknown[]) =>
      new Float32Array(shape.slice(1).reduce<number>((product, size) => product * Number(size), 1));
    await this.open(WARM_UP, { avatar: defaultAvatar, seed: 0 });
    await this.step(WARM_UP, {
      pcm: new Float32Array(clock.blockFrames * clock.samplesPerFrame),
      fPu: zeros(behaviour.gca.outputs.f_pu!.shape),
      emotion: zeros(behaviour["text-encoder"].outputs.emotion!.shape),
      sdcm: true,
      lau: true,
      expressivity: 1,
    });
    await this.close(WARM_UP);
    this.#batches = {};
  }

  #head(head: string): GeneratorService {
    const service = this.#heads.get(head);
    if (service === undefined) throw new EchoError("disposed", { what: "the head" });
    return service;
  }
}
