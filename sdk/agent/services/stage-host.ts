import type { Pack } from "../../pack/pack.js";
import type { AssetOptions, BackendName, PackSource } from "../../protocol/backend.js";
import type { Runtime } from "../../runtime/session.js";

/** How a service gets at packs and graphs; a thread passes the real ones, a test its own. */
export type StageHost = {
  openPack(source: PackSource): Promise<Pack>;
  openRuntime(options: { backend: BackendName; assets?: AssetOptions | undefined }): Promise<Runtime>;
};
