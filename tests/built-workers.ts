import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Bundles threads and worklets from the sources into a folder of their own, for `assets.workerUrl`; `remove` deletes it. */
export async function buildWorkers(
  platform: "node" | "browser" = "node",
): Promise<{ workerUrl: string; remove: () => void }> {
  // Inside the package, so that Node's threads find onnxruntime.
  const cache = at("../node_modules/.cache/");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(`${cache}echo-head-workers-`);
  await build({
    entryPoints: ["lcu.worker", "generator.worker", "painter.worker", "capture.worklet", "player.worklet"].map((name) =>
      at(`../workers/${name}.ts`),
    ),
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    ...(platform === "browser"
      ? { platform }
      : {
          platform: "neutral",
          mainFields: ["module", "main"],
          external: ["node:*", "onnxruntime-node", "onnxruntime-web", "onnxruntime-web/*"],
        }),
  });
  if (platform === "browser")
    await build({
      entryPoints: [at("../workers/tracker.worker.ts")],
      outdir: folder,
      bundle: true,
      format: "iife", // a classic worker
      target: "es2022",
      logLevel: "error",
      platform,
    });
  return { workerUrl: folder, remove: () => rmSync(folder, { recursive: true }) };
}
