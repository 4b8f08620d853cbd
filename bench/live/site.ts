import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { createPageServer, listenNear } from "../../tools/start/server.mjs";

const PAGE = '<!doctype html><meta charset="utf-8"><title>echo-head, measured</title><body><script type="module" src="/page.js"></script>';

/** Bundles the measured page and its threads from the sources and serves them, cross-origin isolated, with a pack. */
export async function servePage(options: { root: string; pack: string }): Promise<{ url: string; stop(): void }> {
  const { root, pack } = options;
  const folder = join(root, "build/bench/live-page");
  mkdirSync(folder, { recursive: true });
  const threads = ["lcu.worker", "generator.worker", "capture.worklet", "player.worklet"];
  const shared = { outdir: folder, bundle: true, format: "esm", target: "es2022", platform: "browser", logLevel: "warning" } as const;
  await build({ ...shared, entryPoints: [join(root, "bench/live/page.ts")] });
  await build({ ...shared, outdir: join(folder, "workers"), entryPoints: threads.map((name) => join(root, `workers/${name}.ts`)) });
  writeFileSync(join(folder, "page.html"), PAGE);
  const server = createPageServer({
    pages: folder,
    folders: {
      "/pack": pack,
      "/conversation": join(root, "examples/assets"),
      "/ort": join(root, "node_modules/onnxruntime-web/dist"),
    },
  });
  const port = await listenNear(server, 0);
  return {
    url: `http://127.0.0.1:${port}/page.html`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
