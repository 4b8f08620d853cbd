import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { createStageHost } from "../../agent/services/stage-host.js";
import type { AssetOptions, BackendName, BackendReport, PackSource } from "../../protocol/backend.js";
import type { RendererWorkerApi } from "../../protocol/renderer-worker.js";
import { SupervisedWorker } from "../../runtime/supervised-worker.js";
import { nodeWorkerHandle } from "../../runtime/worker-endpoint.js";
import { RendererService } from "./renderer-service.js";

/** The model of a node, ready to run. */
export type Renderer = {
  readonly api: RendererWorkerApi;
  readonly report: BackendReport;
  /** "thread", or "here" where there is no built thread file (the sources, in tests): then graphs hold up the sockets. */
  readonly place: "thread" | "here";
  dispose(): Promise<void>;
};

/** Time in which the graphs may load: TensorRT builds its engines then. */
const LOAD_TIMEOUT_MS = 600_000;
/** Time for one block of everybody; a first run on a GPU compiles. */
const CALL_TIMEOUT_MS = 60_000;

/**
 * Starts the model. `onLost` hears that the thread died: every head is gone, and a new thread is being loaded.
 */
export async function startRenderer(options: {
  readonly pack: PackSource;
  readonly backend: BackendName;
  readonly maxBatch: number;
  readonly assets?: AssetOptions | undefined;
  readonly onLost: () => void;
}): Promise<Renderer> {
  const { onLost, ...load } = options;
  const file = threadFile(options.assets);
  if (file === undefined) {
    const service = new RendererService(createStageHost());
    return { api: service, report: await service.load(load), place: "here", dispose: () => service.dispose() };
  }
  const worker = new SupervisedWorker<RendererWorkerApi>({
    name: "renderer",
    spawn: () => nodeWorkerHandle(new Worker(file)),
    callTimeoutMs: CALL_TIMEOUT_MS,
    methodTimeoutMs: { load: LOAD_TIMEOUT_MS },
    restarts: 5,
    onRestart: async (api) => {
      onLost();
      await api.load(load);
    },
    onDispose: (api) => api.dispose(),
  });
  try {
    return { api: worker.api, report: await worker.api.load(load), place: "thread", dispose: () => worker.dispose() };
  } catch (error) {
    await worker.dispose();
    throw error;
  }
}

/** Beside this module in dist/, or in the folder that is named; undefined where the sources run unbuilt. */
function threadFile(assets: AssetOptions | undefined): URL | undefined {
  const folder = assets?.workerUrl === undefined ? "./" : assets.workerUrl.replace(/\/?$/, "/");
  const file = new URL(`${folder}renderer.worker.js`, import.meta.url);
  return existsSync(file) ? file : undefined;
}
