import { availableThreads } from "../../base/available-threads.js";
import { EchoError } from "../../base/errors.js";
import type { AssetOptions, BackendName, BackendReport, PackSource } from "../../protocol/backend.js";
import type { GeneratorWorkerApi } from "../../protocol/generator-worker.js";
import type { LcuWorkerApi } from "../../protocol/lcu-worker.js";
import type { PainterWorkerApi } from "../../protocol/painter-worker.js";
import type { PictureForm } from "../../protocol/picture.js";
import { startWorker } from "../../runtime/asset-urls.js";
import { chooseBackend } from "../../runtime/backend-choice.js";
import { SupervisedWorker } from "../../runtime/supervised-worker.js";
import { GeneratorService } from "./generator-service.js";
import { LcuService } from "./lcu-service.js";
import { Painters } from "./painters.js";
import { PaintingGenerator } from "./painting-generator.js";
import { createStageHost } from "./stage-host.js";

/** What both services load. */
export type ServiceOptions = {
  readonly pack: PackSource;
  readonly avatar: string;
  readonly backend: BackendName;
  readonly seed: number;
  readonly assets?: AssetOptions | undefined;
  /** Where pictures may stay. @default "memory" */
  readonly pictures?: PictureForm | undefined;
  /** Time for one block or one text. @default 30 s; a render, which nobody waits for live, allows minutes */
  readonly callTimeoutMs?: number | undefined;
};

/** The two halves of the model, ready to run. */
export type Services = {
  readonly lcu: LcuWorkerApi;
  readonly generator: GeneratorWorkerApi;
  readonly lcuReport: Awaited<ReturnType<LcuWorkerApi["load"]>>;
  readonly generatorReport: Awaited<ReturnType<GeneratorWorkerApi["load"]>>;
  /** Blocks that may be under way at once; see SpeakingLoopHost. @default 1 */
  readonly blocksUnderWay?: number | undefined;
  dispose(): Promise<void>;
};

/** How an agent or a render starts its model; tests pass their own. */
export type StartServices = (options: ServiceOptions, hear: ServiceListener) => Promise<Services>;

/** The threads of the model. */
export type ServiceName = "lcu" | "generator";

/** Told of what happens to the threads. */
export type ServiceListener = {
  /** A thread died and a new one is being loaded. */
  readonly onRestart?: (worker: ServiceName) => void;
  /** The new thread has loaded; it may run elsewhere than the old one did. */
  readonly onReload?: (worker: ServiceName, report: BackendReport) => void;
  /** A render server that does not answer, or a session that is lost; it is being mended. */
  readonly onTrouble?: (worker: ServiceName, error: EchoError) => void;
  /** There are no threads here, for this reason: the model runs in the caller's. */
  readonly onFallback: (reason: string) => void;
};

/** Time in which a worker may load its graphs: over a slow line that takes a while. */
const LOAD_TIMEOUT_MS = 300_000;
/** Time for one block or one text; WASM on an old machine needs seconds for its first run. */
const CALL_TIMEOUT_MS = 30_000;

/** More paint no faster: a block has so many frames. */
const MOST_PAINTERS = 4;

/**
 * Starts both services in threads of their own, and on a processor with several cores threads that paint. A thread that dies is started again and loaded anew (its memory of the talk is gone),
 * but not more than three times within an hour; `hear` is told. So does one that lost its GPU.
 */
export async function startServices(
  options: ServiceOptions,
  hear: Pick<ServiceListener, "onRestart" | "onReload"> = {},
): Promise<Services> {
  const lcu = superviseLcu(options, hear);
  const generator = await openGenerator(options, hear);
  return loadServices(lcu.api, generator, options, async () => {
    await Promise.all([lcu.dispose(), generator.dispose()]);
  });
}

/** The generator in a thread, and beside it threads that paint, where that is quicker. `dispose()` ends them. */
export async function openGenerator(
  options: ServiceOptions,
  hear: Pick<ServiceListener, "onRestart" | "onReload">,
): Promise<GeneratorWorkerApi> {
  const generator = superviseGenerator(options, hear);
  const { backend } = await chooseBackend(options.backend);
  const cores = options.assets?.threads ?? availableThreads();
  if ((backend !== "cpu" && backend !== "wasm") || cores < 2) return generator;
  const count = Math.min(Math.max(2, cores - 1), MOST_PAINTERS);
  const startPainters = ({ pack, avatar, backend, assets }: ReturnType<typeof generatorLoad>): Painters => {
    const load = { pack, avatar, backend, assets: { ...assets, threads: 1 } };
    return new Painters(count, load, (now) => {
      const painter = supervise<PainterWorkerApi>("painter", { options, hear, load: (api) => api.load(now()) });
      return { api: painter.api, dispose: () => painter.dispose() };
    });
  };
  return new PaintingGenerator({ generator, threads: Math.max(1, cores - count), startPainters });
}

/** The generator in a thread, which `dispose()` ends; one that is started again shows what the one before was told to. */
export function superviseGenerator(
  options: ServiceOptions,
  hear: Pick<ServiceListener, "onRestart" | "onReload">,
): GeneratorWorkerApi {
  let loaded = generatorLoad(options);
  const worker = supervise<GeneratorWorkerApi>("generator", { options, hear, load: (api) => api.load(loaded) });
  const own: Pick<GeneratorWorkerApi, "load" | "setAvatar" | "dispose"> = {
    load: (asked) => {
      loaded = asked;
      return worker.api.load(asked);
    },
    setAvatar: async (id) => {
      await worker.api.setAvatar(id);
      loaded = { ...loaded, avatar: id };
    },
    dispose: () => worker.dispose(),
  };
  return new Proxy(worker.api, {
    get: (api, method) => Reflect.get(method in own ? own : api, method),
  });
}

function supervise<Api extends LcuWorkerApi | GeneratorWorkerApi | PainterWorkerApi>(
  name: ServiceName | "painter",
  service: {
    readonly options: ServiceOptions;
    readonly hear: Pick<ServiceListener, "onRestart" | "onReload">;
    readonly load: (api: Api) => Promise<BackendReport>;
  },
): SupervisedWorker<Api> {
  const { options, hear, load } = service;
  const part: ServiceName = name === "painter" ? "generator" : name;
  return new SupervisedWorker<Api>({
    name,
    spawn: () => startWorker(name, options.assets),
    callTimeoutMs: options.callTimeoutMs ?? CALL_TIMEOUT_MS,
    methodTimeoutMs: { load: LOAD_TIMEOUT_MS, setAvatar: LOAD_TIMEOUT_MS, show: LOAD_TIMEOUT_MS } as never,
    onRestart: async (api) => {
      hear.onRestart?.(part);
      hear.onReload?.(part, await load(api));
    },
    endsThread: (error) => EchoError.is(error) && error.code === "gpu-device-lost",
    onDispose: (api) => api.dispose(),
  });
}

function superviseLcu(options: ServiceOptions, hear: Pick<ServiceListener, "onRestart" | "onReload">) {
  return supervise<LcuWorkerApi>("lcu", { options, hear, load: (api) => api.load(lcuLoad(options)) });
}

/** Starts the LCU in a thread, or in this one where threads cannot start, and joins it with a generator that is elsewhere. */
export async function startServicesWith(
  generator: GeneratorWorkerApi,
  options: ServiceOptions,
  hear: ServiceListener,
): Promise<Services> {
  const [lcu, report] = await Promise.allSettled([openLcu(options, hear), generator.load(generatorLoad(options))]);
  const dispose = async (): Promise<void> => {
    await Promise.all([lcu.status === "fulfilled" ? lcu.value.dispose() : undefined, generator.dispose()]);
  };
  if (lcu.status === "fulfilled" && report.status === "fulfilled")
    return { lcu: lcu.value.api, lcuReport: lcu.value.report, generator, generatorReport: report.value, dispose };
  await dispose();
  throw lcu.status === "rejected" ? lcu.reason : (report as PromiseRejectedResult).reason;
}

async function openLcu(options: ServiceOptions, hear: ServiceListener) {
  const worker = superviseLcu(options, hear);
  try {
    const report = await worker.api.load(lcuLoad(options));
    return { api: worker.api, report, dispose: () => worker.dispose() };
  } catch (error) {
    await worker.dispose();
    if (!EchoError.is(error) || error.code !== "worker-start-failed") throw error;
    hear.onFallback(error.message);
    const service = new LcuService(createStageHost());
    return { api: service, report: await service.load(lcuLoad(options)), dispose: () => service.dispose() };
  }
}

/** Starts the services in threads, or in this one where threads cannot start; `onFallback` hears why. */
export async function startServicesAnywhere(options: ServiceOptions, hear: ServiceListener): Promise<Services> {
  try {
    return await startServices(options, hear);
  } catch (error) {
    if (!EchoError.is(error) || error.code !== "worker-start-failed") throw error;
    hear.onFallback(error.message);
    return startServicesHere(options);
  }
}

/** Starts the services in this thread: for tests, and where there are no workers. */
export async function startServicesHere(options: ServiceOptions): Promise<Services> {
  const host = createStageHost();
  const lcu = new LcuService(host);
  const generator = new GeneratorService(host);
  const dispose = async (): Promise<void> => {
    await Promise.all([lcu.dispose(), generator.dispose()]);
  };
  return loadServices(lcu, generator, options, dispose);
}

function generatorLoad(options: ServiceOptions): Parameters<GeneratorWorkerApi["load"]>[0] {
  const { pack, avatar, backend, seed, assets, pictures } = options;
  return { pack, avatar, backend, seed, assets, pictures };
}

/** The LCU's graphs are small: one thread each, so that they do not take the generator's. */
function lcuLoad({ pack, backend, assets }: ServiceOptions): Parameters<LcuWorkerApi["load"]>[0] {
  return { pack, backend, assets: { ...assets, threads: assets?.threads ?? 1 } };
}

/** Loads both services at the same time; disposes of them when one fails. */
export async function loadServices(
  lcu: LcuWorkerApi,
  generator: GeneratorWorkerApi,
  options: ServiceOptions,
  dispose: () => Promise<void>,
): Promise<Services> {
  const results = await Promise.allSettled([lcu.load(lcuLoad(options)), generator.load(generatorLoad(options))]);
  const [lcuResult, generatorResult] = results;
  if (lcuResult.status === "fulfilled" && generatorResult.status === "fulfilled")
    return { lcu, generator, lcuReport: lcuResult.value, generatorReport: generatorResult.value, dispose };
  await dispose();
  throw results.find((result) => result.status === "rejected")!.reason;
}
