import { spawn } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { oneAtATime } from "./one-at-a-time.mjs";

/**
 * One thing that is built: its result is stale when any source is newer than it.
 * @typedef {{ name: string, result: string, sources: readonly string[], command: readonly string[] }} Product
 */

/** @type {readonly Product[]} in the order in which they need each other */
const PRODUCTS = [
  {
    name: "library",
    result: "dist/index.js",
    sources: ["sdk", "workers", "plugins", "tsup.config.ts", "package-lock.json"],
    command: ["node_modules/tsup/dist/cli-default.js", "--no-dts"],
  },
  {
    name: "pages",
    result: "build/examples/studio/index.html",
    sources: ["dist", "examples", "plugins/babylon", "package-lock.json"],
    command: ["node_modules/vite/bin/vite.js", "build", "--config", "examples/vite.config.ts"],
  },
];

/**
 * Builds the library and the pages where they are missing or older than their sources. Two at once would take away each other's files: the
 * second waits, and finds everything built.
 * @param {string} root the repository
 */
export function buildIfStale(root) {
  return oneAtATime(join(root, "build/start.lock"), () => buildStale(root));
}

/** @param {string} root */
async function buildStale(root) {
  for (const product of PRODUCTS) {
    const result = await newest(join(root, product.result), false);
    const source = Math.max(...(await Promise.all(product.sources.map((path) => newest(join(root, path), true)))));
    if (result >= source) continue;
    const started = Date.now();
    process.stdout.write(`Building the ${product.name} ... `);
    await runQuietly(root, product.command);
    console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
}

/**
 * The newest time of change of a file, or of the files in a folder; 0 when there is none. Tests and texts do not count.
 * @param {string} path
 * @param {boolean} deep look into folders
 * @returns {Promise<number>} milliseconds
 */
export async function newest(path, deep) {
  const info = await stat(path).catch(() => null);
  if (!info) return 0;
  if (!info.isDirectory()) return /\.(test\.ts|md)$/.test(path) ? 0 : info.mtimeMs;
  if (!deep) return 0;
  const names = await readdir(path);
  return Math.max(0, ...(await Promise.all(names.map((name) => newest(join(path, name), true)))));
}

/**
 * Runs a Node program; shows what it said only when it fails.
 * @param {string} root
 * @param {readonly string[]} command
 */
async function runQuietly(root, command) {
  const child = spawn(process.execPath, command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`${command[0]} failed:\n${output.trim()}`);
}
