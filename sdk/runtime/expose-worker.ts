import { expose } from "comlink";
import { nodeModule } from "../base/node-modules.js";
import { PROTOCOL_VERSION } from "../protocol/version.js";
import { installThrownErrors } from "./thrown-errors.js";
import { nodeEndpoint } from "./worker-endpoint.js";

/** What the supervisor finds at the other end. */
export type ExposedWorker<Api extends object> = { readonly api: Api; protocolVersion(): number };

/** All that a worker file does: serves an object to the thread that started it. */
export function exposeWorker<Api extends object>(api: Api): void {
  installThrownErrors();
  const exposed: ExposedWorker<Api> = { api, protocolVersion: () => PROTOCOL_VERSION };
  const port = nodeModule("node:worker_threads")?.parentPort;
  if (port) expose(exposed, nodeEndpoint(port));
  else expose(exposed);
}
