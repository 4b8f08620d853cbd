/**
 * A module of Node, or undefined in a browser. Taken at run time, so that bundlers for browsers never see the name.
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const node = (globalThis as { process?: { getBuiltinModule?(id: string): unknown } }).process;
  return node?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

/** The modules that the package uses where they exist. */
export type NodeModules = {
  "node:fs": typeof import("node:fs");
  "node:fs/promises": typeof import("node:fs/promises");
  "node:os": typeof import("node:os");
  "node:path": typeof import("node:path");
  "node:url": typeof import("node:url");
  "node:worker_threads": typeof import("node:worker_threads");
};

/** True in Node (also in its worker threads), false in browsers. */
export function isNode(): boolean {
  return nodeModule("node:fs") !== undefined;
}
