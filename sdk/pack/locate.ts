import { EchoError } from "../base/errors.js";
import { nodeModule } from "../base/node-modules.js";
import { describe } from "../base/option-checks.js";
import type { PackSource } from "../protocol/backend.js";

/** The packs that come with the package. */
const SHIPPED = ["echo-nano"];

/**
 * Says where a pack is. A shipped name ("echo-nano") means the pack in this package; http(s) addresses are fetched; other
 * strings are folders in Node and addresses relative to the page in a browser.
 * @throws TypeError when it is neither; EchoError "pack-not-found" when a shipped pack is not there
 */
export function locatePack(pack: string | URL | PackSource): PackSource {
  if (typeof pack === "object" && pack !== null && !(pack instanceof URL)) {
    if ("folder" in pack || "url" in pack) return pack;
  }
  if (pack instanceof URL) return locateUrl(pack);
  if (typeof pack !== "string" || pack === "") {
    throw new TypeError(`pack must be a folder, an address or the name of a shipped pack, not ${describe(pack)}`);
  }
  if (SHIPPED.includes(pack)) return locateShipped(pack);
  if (/^(https?|file):/.test(pack)) return locateUrl(new URL(pack));
  const path = nodeModule("node:path");
  if (path) return { folder: path.resolve(pack) };
  return locateUrl(new URL(pack, globalThis.location?.href));
}

function locateUrl(url: URL): PackSource {
  if (url.protocol === "file:") {
    const node = nodeModule("node:url");
    if (node) return { folder: node.fileURLToPath(url) };
  }
  return { url: url.href.endsWith("/") ? url.href : `${url.href}/` };
}

/** From the sources (sdk/pack/) and from dist/ the folder models/ is one or two steps up. */
function locateShipped(name: string): PackSource {
  const fs = nodeModule("node:fs");
  const url = nodeModule("node:url");
  if (!fs || !url) return { url: new URL(`../models/${name}/`, import.meta.url).href };
  for (const step of ["../", "../../"]) {
    const folder = url.fileURLToPath(new URL(`${step}models/${name}/`, import.meta.url));
    if (fs.existsSync(folder)) return { folder };
  }
  throw new EchoError("pack-not-found", { pack: name, reason: "it does not come with this installation" });
}
