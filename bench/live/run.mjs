/**
 * Real-time figures of our own page, from inside and from outside, in several set-ups; then docs/benchmarks.md anew.
 *
 *     npm run build && node bench/live/run.mjs [--setup native --setup wasm --setup serve] [--pack models/echo-nano] [--turns 8]
 *     node bench/live/run.mjs --page-only          the page alone, from bench/results/live.json
 */
import { runBench } from "../bundle.mjs";

await runBench("live");
process.exit(process.exitCode ?? 0); // onnxruntime's thread pool may hold the process
