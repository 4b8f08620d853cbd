import { EchoError } from "../base/errors.js";
import { nodeModule } from "../base/node-modules.js";
import type { AssetOptions } from "../protocol/backend.js";
import { browserWorkerHandle, nodeWorkerHandle, type WorkerHandle } from "./worker-endpoint.js";

/** The threads of the package; each is dist/<name>.worker.js. */
export type WorkerName = "lcu" | "generator" | "painter" | "tracker";

/**
 * Room of a Node thread for new objects, in MB. Arrays lie elsewhere; left alone, V8 lets this room grow to 48 MB in each thread within
 * the first half hour, nearly all of it empty.
 */
const NEW_OBJECTS_MB = 3;

/** Bundlers for browsers find a worker by this exact expression, so it is written out once for each. */
const BROWSER_WORKERS: Readonly<Record<WorkerName, () => Worker>> = {
  lcu: () => new Worker(new URL("./lcu.worker.js", import.meta.url), { type: "module" }),
  generator: () => new Worker(new URL("./generator.worker.js", import.meta.url), { type: "module" }),
  painter: () => new Worker(new URL("./painter.worker.js", import.meta.url), { type: "module" }),
  // A classic worker, because face detectors load themselves with importScripts.
  tracker: () => new Worker(new URL("./tracker.worker.js", import.meta.url)),
};

/**
 * Starts a thread of the package. This file is the only one that knows where workers lie; `assets.workerUrl` names another
 * folder.
 * @throws EchoError "worker-start-failed" when Node finds no file
 */
export function startWorker(name: WorkerName, assets: AssetOptions = {}): WorkerHandle {
  const threads = nodeModule("node:worker_threads");
  const fs = nodeModule("node:fs");
  if (!threads || !fs) {
    if (assets.workerUrl === undefined) return browserWorkerHandle(BROWSER_WORKERS[name]());
    const folder = new URL(assets.workerUrl.replace(/\/?$/, "/"), globalThis.location?.href);
    const type = name === "tracker" ? "classic" : "module";
    return browserWorkerHandle(new Worker(new URL(`${name}.worker.js`, folder), { type }));
  }
  // Beside this file in dist/; seen from the sources, in the dist/ that the build wrote.
  const folders = assets.workerUrl === undefined ? ["./", "../../dist/"] : [assets.workerUrl.replace(/\/?$/, "/")];
  const files = folders.map((folder) => new URL(`${folder}${name}.worker.js`, import.meta.url));
  const file = files.find((url) => fs.existsSync(url));
  if (file === undefined) {
    throw new EchoError("worker-start-failed", { worker: name, reason: `there is no ${files.at(-1)?.pathname}` });
  }
  return nodeWorkerHandle(new threads.Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: NEW_OBJECTS_MB } }));
}
