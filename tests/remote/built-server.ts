import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A server in a process of its own, so that it can be killed. */
export type ServerProcess = { readonly process: ChildProcess; readonly url: string };

/** Bundles the server and its thread from the sources, as the package's dist/ has them; `remove` deletes them. */
export async function buildServerProgram() {
  const cache = at("../../node_modules/.cache/");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(`${cache}echo-head-server-`);
  await build({
    entryPoints: {
      server: at("../../sdk/remote/server/index.ts"),
      "renderer.worker": at("../../workers/renderer.worker.ts"),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    platform: "node",
    packages: "external",
    logLevel: "error",
  });
  writeFileSync(
    `${folder}/main.mjs`,
    `import { RenderServer } from "./server.js";
const server = await RenderServer.start(JSON.parse(process.argv[2]));
console.log(server.url);
process.on("SIGTERM", () => void server.drain());
`,
  );
  return {
    remove: () => rmSync(folder, { recursive: true, force: true }),
    start: async (options: object): Promise<ServerProcess> => {
      const process = spawn(globalThis.process.execPath, [`${folder}/main.mjs`, JSON.stringify(options)], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      let errors = "";
      process.stderr!.on("data", (text) => {
        errors = (errors + text).slice(-10_000);
      });
      const url = await new Promise<string>((resolve, reject) => {
        process.stdout!.once("data", (text) => resolve(String(text).trim()));
        process.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${errors}`)));
      });
      return { process, url };
    },
  };
}
