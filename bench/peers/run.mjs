/**
 * Lips of echo-head against HeadAudio, wawa-lipsync and wLipSync on the same recordings in the same run; then docs/benchmarks.md anew.
 *
 *     node bench/peers/run.mjs [--speech build/speech] [--recorded FOLDER --phones phones.json] [--pack echo-nano] [--utterances 40]
 *     node bench/peers/run.mjs --page-only          the page alone, from bench/results/peers.json
 *
 * Needs what `python -m training.data.speech.build --out build/speech` makes (bench/peers/README.md). Bundled with esbuild on the spot.
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
mkdirSync(at("../../build/bench"), { recursive: true });
await build({
  entryPoints: [at("main.ts")],
  outfile: at("../../build/bench/peers.mjs"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
const { main } = await import(pathToFileURL(at("../../build/bench/peers.mjs")).href);
await main(process.argv.slice(2));
process.exit(process.exitCode ?? 0); // onnxruntime's thread pool may hold the process
