import { loadPack } from "../../pack/load-pack.js";
import type { Pack } from "../../pack/pack.js";
import type { AssetOptions, BackendName, PackSource } from "../../protocol/backend.js";
import { openRuntime } from "../../runtime/open-runtime.js";
import type { Runtime } from "../../runtime/session.js";

/** How a service gets at packs and graphs; tests pass their own. */
export type StageHost = {
  openPack(source: PackSource): Promise<Pack>;
  openRuntime(options: { backend: BackendName; assets?: AssetOptions | undefined }): Promise<Runtime>;
};

/** Real packs and real graphs. */
export function createStageHost(): StageHost {
  return { openPack: (source) => loadPack(source), openRuntime: (options) => openRuntime(options) };
}
