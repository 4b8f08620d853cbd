import type { AssetOptions, BackendName, PackSource } from "../../protocol/backend.js";
import type { GeneratorWorkerApi } from "../../protocol/generator-worker.js";
import type { LcuWorkerApi } from "../../protocol/lcu-worker.js";
import { GeneratorService } from "./generator-service.js";
import { LcuService } from "./lcu-service.js";
import { createStageHost } from "./stage-host.js";

/** What both services load. */
export type ServiceOptions = {
  readonly pack: PackSource;
  readonly avatar: string;
  readonly backend: BackendName;
  readonly seed: number;
  readonly assets?: AssetOptions | undefined;
};

/** The two halves of the model, ready to run. */
export type Services = {
  readonly lcu: LcuWorkerApi;
  readonly generator: GeneratorWorkerApi;
  readonly lcuReport: Awaited<ReturnType<LcuWorkerApi["load"]>>;
  readonly generatorReport: Awaited<ReturnType<GeneratorWorkerApi["load"]>>;
  dispose(): Promise<void>;
};

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

/** Loads both services at the same time; disposes of them when one fails. */
export async function loadServices(
  lcu: LcuWorkerApi,
  generator: GeneratorWorkerApi,
  options: ServiceOptions,
  dispose: () => Promise<void>,
): Promise<Services> {
  const { pack, avatar, backend, seed, assets } = options;
  const results = await Promise.allSettled([
    lcu.load({ pack, backend, assets }),
    generator.load({ pack, avatar, backend, seed, assets }),
  ]);
  const [lcuResult, generatorResult] = results;
  if (lcuResult.status === "fulfilled" && generatorResult.status === "fulfilled")
    return { lcu, generator, lcuReport: lcuResult.value, generatorReport: generatorResult.value, dispose };
  await dispose();
  throw results.find((result) => result.status === "rejected")!.reason;
}
