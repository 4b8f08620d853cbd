/**
 * Bench of remote rendering; prints JSON for bench/results. It bundles the sources, so nothing need be built.
 *
 *     node bench/remote/run.mjs batching [--pack models/echo-nano] [--ep cpu] [--sessions 1,2,4,8] [--blocks 30] [--threads 2]
 *     node bench/remote/run.mjs soak [--pack fixtures/tiny-pack] [--minutes 30] [--sessions 4] [--delay 100] [--loss 0.01]
 *     node bench/remote/run.mjs harm [--blocks 30]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const kind = process.argv[2];
const { values } = parseArgs({
  allowPositionals: true,
  options: {
    pack: { type: "string", default: kind === "batching" ? "models/echo-nano" : "fixtures/tiny-pack" },
    ep: { type: "string", default: "cpu" },
    sessions: { type: "string" },
    blocks: { type: "string", default: "30" },
    threads: { type: "string" },
    minutes: { type: "string", default: "30" },
    delay: { type: "string", default: "100" },
    loss: { type: "string", default: "0.01" },
    out: { type: "string" },
  },
});
if (!["batching", "soak", "harm"].includes(kind)) throw new TypeError("say what: batching, soak or harm");

// Inside the package, so that the bundle finds onnxruntime; the server's thread lies beside it.
const folder = at("../../build/bench");
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: { [kind]: at(`${kind}.ts`), "renderer.worker": at("../../workers/renderer.worker.ts") },
  outdir: folder,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  platform: "node",
  packages: "external",
  logLevel: "error",
});
const { run } = await import(pathToFileURL(`${folder}/${kind}.js`).href);
const text = `${JSON.stringify(await run(values), undefined, 2)}\n`;
if (values.out) writeFileSync(values.out, text);
else process.stdout.write(text);
process.exit(0); // onnxruntime keeps threads
