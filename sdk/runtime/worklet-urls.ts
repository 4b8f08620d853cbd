import type { AssetOptions } from "../protocol/backend.js";

/** The audio worklets of the package; each is dist/<name>.worklet.js. */
export type WorkletName = "capture" | "player";

/** Where a worklet's file is. Bundlers find it by these exact expressions; `assets.workerUrl` names another folder. */
export function workletUrl(name: WorkletName, assets: AssetOptions = {}): URL {
  if (assets.workerUrl !== undefined) {
    const folder = new URL(assets.workerUrl.replace(/\/?$/, "/"), globalThis.location?.href);
    return new URL(`${name}.worklet.js`, folder);
  }
  return name === "capture"
    ? new URL("./capture.worklet.js", import.meta.url)
    : new URL("./player.worklet.js", import.meta.url);
}
