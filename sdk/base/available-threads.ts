import { nodeModule } from "./node-modules.js";

/** Threads that this machine runs at once; 1 where nobody tells. */
export function availableThreads(): number {
  return nodeModule("node:os")?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}
