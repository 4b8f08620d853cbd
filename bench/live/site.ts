import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { createPageServer, listenNear } from "../../tools/start/server.mjs";
import type { Box } from "./seen.js";

/** The window in which our pages are looked at, the face of an avatar in its picture of 256 x 256 at the top of it, and how long a page may load. */
export const VIEW = { width: 256, height: 300 };
export const FACE: Box = { x: 0.3, y: 0.17, width: 0.4, height: 0.55 };
export const READY_MS = 60_000;

const PAGES = ["page", "listening-page"] as const;
const html = (script: string) => `<!doctype html><meta charset="utf-8"><title>echo-head, measured</title><body><script type="module" src="/${script}.js"></script>`;

/** Bundles the measured pages and their threads from the sources and serves them, cross-origin isolated, with a pack. */
export async function servePages(options: { root: string; pack: string }): Promise<{ url: string; listeningUrl: string; stop(): void }> {
  const { root, pack } = options;
  const folder = join(root, "build/bench/live-page");
  mkdirSync(folder, { recursive: true });
  const threads = ["lcu.worker", "generator.worker", "capture.worklet", "player.worklet"];
  const shared = { outdir: folder, bundle: true, format: "esm", target: "es2022", platform: "browser", logLevel: "warning" } as const;
  await build({ ...shared, entryPoints: PAGES.map((name) => join(root, `bench/live/${name}.ts`)) });
  await build({ ...shared, outdir: join(folder, "workers"), entryPoints: threads.map((name) => join(root, `workers/${name}.ts`)) });
  for (const name of PAGES) writeFileSync(join(folder, `${name}.html`), html(name));
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
    listeningUrl: `http://127.0.0.1:${port}/listening-page.html`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
