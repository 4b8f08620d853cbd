/**
 * Lips of echo-head against HeadAudio, wawa-lipsync and wLipSync on the same recordings in the same run; then docs/benchmarks.md anew.
 *
 *     node bench/peers/run.mjs [--speech build/speech] [--recorded FOLDER --phones phones.json] [--pack echo-nano] [--utterances 40]
 *     node bench/peers/run.mjs --page-only          the page alone, from bench/results/peers.json
 *
 * Needs what `python -m training.data.speech.build --out build/speech` makes (bench/peers/README.md). Bundled with esbuild on the spot.
 */
import { runBench } from "../bundle.mjs";

await runBench("peers");
process.exit(process.exitCode ?? 0); // onnxruntime's thread pool may hold the process
