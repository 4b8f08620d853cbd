import { EchoError, reasonOf } from "../../base/errors.js";
import type { BackendReport, LentDevice } from "../../protocol/backend.js";
import type { GeneratorWorkerApi } from "../../protocol/generator-worker.js";
import { GeneratorService } from "./generator-service.js";
import { createStageHost } from "./stage-host.js";
import {
  openGenerator,
  type ServiceListener,
  type ServiceOptions,
  type StartServices,
  startServicesWith,
} from "./start-services.js";

/** A new device may be lost too; after so many the generator goes to a thread of its own. */
const MOST_DEVICES = 4;

type Load = Parameters<GeneratorWorkerApi["load"]>[0];
type LoadReport = Awaited<ReturnType<GeneratorWorkerApi["load"]>>;
type Home = { readonly api: GeneratorWorkerApi; readonly device: GPUDevice | undefined };

/**
 * The generator on a GPU device that the page has lent, in the page's thread, since a device cannot leave it. When the device is lost
 * the page is asked for another one; where it has none the generator goes to a thread of its own, on what runs there.
 */
export class LentGenerator implements GeneratorWorkerApi {
  readonly #lend: () => GPUDevice | Promise<GPUDevice>;
  readonly #options: ServiceOptions;
  readonly #hear: Pick<ServiceListener, "onRestart" | "onReload">;
  #load: Load | undefined;
  #home: Home | undefined;
  #moving: Promise<Home> | undefined;
  #lost: GPUDevice | undefined;
  #devices = 0;
  #disposed = false;

  constructor(lent: LentDevice, options: ServiceOptions, hear: Pick<ServiceListener, "onRestart" | "onReload">) {
    const { device } = lent;
    this.#lend = typeof device === "function" ? device : () => device;
    this.#options = options;
    this.#hear = hear;
  }

  async load(options: Load): Promise<LoadReport> {
    this.#load = { ...options, pictures: "texture" };
    const { home, report } = await this.#openOn(await this.#lend(), this.#load);
    this.#home = home;
    return report;
  }

  prime(...input: Parameters<GeneratorWorkerApi["prime"]>) {
    return this.#call((api) => api.prime(...input));
  }

  step(...input: Parameters<GeneratorWorkerApi["step"]>) {
    return this.#call((api) => api.step(...input));
  }

  paint() {
    return this.#call((api) => api.paint!());
  }

  rewind(...input: Parameters<GeneratorWorkerApi["rewind"]>) {
    return this.#call((api) => api.rewind(...input));
  }

  async setAvatar(id: string): Promise<void> {
    await this.#call((api) => api.setAvatar(id));
    if (this.#load) this.#load = { ...this.#load, avatar: id };
  }

  setDecoder(...input: Parameters<NonNullable<GeneratorWorkerApi["setDecoder"]>>) {
    return this.#call((api) => api.setDecoder!(...input));
  }

  reset() {
    return this.#call((api) => api.reset());
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#moving?.catch(() => {});
    await this.#home?.api.dispose();
    this.#home = undefined;
  }

  async #call<T>(job: (api: GeneratorWorkerApi) => Promise<T>): Promise<T> {
    const home = await this.#ready();
    try {
      return await job(home.api);
    } catch (error) {
      if (home.device && EchoError.is(error) && error.code === "gpu-device-lost" && this.#home === home) {
        this.#home = undefined;
        this.#lost = home.device;
        await home.api.dispose().catch(() => {}); // there is nothing left to free
      }
      throw error;
    }
  }

  #ready(): Promise<Home> {
    if (this.#disposed || this.#load === undefined)
      return Promise.reject(new EchoError("disposed", { what: "the generator (or it was never loaded)" }));
    if (this.#home) return Promise.resolve(this.#home);
    this.#moving ??= this.#move(this.#load).finally(() => {
      this.#moving = undefined;
    });
    return this.#moving;
  }

  /** To another device, or to a thread. */
  async #move(load: Load): Promise<Home> {
    this.#hear.onRestart?.("generator");
    const { home, report } = await this.#openAgain(load);
    this.#home = home;
    this.#hear.onReload?.("generator", report);
    return home;
  }

  async #openAgain(load: Load): Promise<{ home: Home; report: LoadReport }> {
    let reason = "the GPU device was lost, and the page has lent no other";
    try {
      const device = this.#devices < MOST_DEVICES ? await this.#lend() : this.#lost!;
      if (device !== this.#lost) return await this.#openOn(device, load);
    } catch (error) {
      reason = reasonOf(error);
    }
    const api = await openGenerator(this.#options, this.#hear);
    const report = await api.load({ ...load, pictures: "bitmap" });
    const downgrade: BackendReport["downgrade"] = { from: "webgpu", reason };
    return { home: { api, device: undefined }, report: { ...report, downgrade } };
  }

  async #openOn(device: GPUDevice, load: Load): Promise<{ home: Home; report: LoadReport }> {
    this.#devices += 1;
    const api = new GeneratorService(createStageHost(device));
    return { report: await api.load(load), home: { api, device } };
  }
}

/** The model of an agent whose engine lends its GPU device: the generator beside the engine, the LCU in a thread. */
export function startServicesOnDevice(lent: LentDevice): StartServices {
  return (options, hear) => startServicesWith(new LentGenerator(lent, options, hear), options, hear);
}
