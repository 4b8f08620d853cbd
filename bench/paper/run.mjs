/**
 * Figures of the paper's tables that `echo-head eval` gives, for the pack on held-out talks: FID- and FVD-like distances, LSE and likeness of pictures against rendered truth by
 * our own networks (models/eval), and the metrics of listening motion; then docs/paper.md anew.
 *
 *     node bench/paper/run.mjs --python .venv/bin/python [--pack models/echo-nano] [--ablations]
 *
 * `--filmed` measures the frames that are there (`--frames build/filmed`), `--nets FOLDER` takes other networks. Needs the data of training (build/heads.npz, build/conversations) and the networks of training/eval_nets.
 */
import { runBench } from "../bundle.mjs";

await runBench("paper");
process.exit(process.exitCode ?? 0); // onnxruntime's thread pool may hold the process
