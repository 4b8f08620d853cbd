import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Bundles the worker threads from the sources into a folder of their own, for `assets.workerUrl`; `remove` deletes it. */
export async function buildWorkers(): Promise<{ workerUrl: string; remove: () => void }> {
  // Inside the package, so that the threads find onnxruntime.
  const root = fileURLToPath(new URL("../node_modules/.cache/", import.meta.url));
  mkdirSync(root, { recursive: true });
  const folder = mkdtempSync(join(root, "echo-head-workers-"));
  await build({
    entryPoints: ["lcu", "generator"].map((name) =>
      fileURLToPath(new URL(`../workers/${name}.worker.ts`, import.meta.url)),
    ),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["node:*", "onnxruntime-node", "onnxruntime-web", "onnxruntime-web/*"],
  });
  return { workerUrl: folder, remove: () => rmSync(folder, { recursive: true }) };
}
