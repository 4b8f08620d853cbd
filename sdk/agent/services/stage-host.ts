import { loadPack } from "../../pack/load-pack.js";
import type { Pack } from "../../pack/pack.js";
import type { PackSource } from "../../protocol/backend.js";
import { openRuntime, type RuntimeOptions } from "../../runtime/open-runtime.js";
import type { Runtime } from "../../runtime/session.js";

/** How a service gets at packs and graphs; tests pass their own. */
export type StageHost = {
  openPack(source: PackSource): Promise<Pack>;
  openRuntime(options: RuntimeOptions): Promise<Runtime>;
};

/** Real packs and real graphs; with `device` they run on that GPU. */
export function createStageHost(device?: GPUDevice): StageHost {
  return { openPack: (source) => loadPack(source), openRuntime: (options) => openRuntime({ ...options, device }) };
}
