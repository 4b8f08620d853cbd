import { fileURLToPath } from "node:url";
import { buildWorkers } from "../built-workers.js";
import { servePage } from "./page-server.js";

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Serves the page of a test (a script of this folder) beside the tiny pack, the runtime of its graphs, and the threads built from the sources. */
export async function serveAgentPage(script: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const workers = await buildWorkers("browser");
  const site = await servePage({
    script: local(script),
    folders: {
      "/pack/": local("../../fixtures/tiny-pack"),
      "/ort/": local("../../node_modules/onnxruntime-web/dist"),
      "/workers/": workers.workerUrl,
    },
  });
  return {
    url: site.url,
    close: async () => {
      await site.close();
      workers.remove();
    },
  };
}
