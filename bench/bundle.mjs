/** Benches are TypeScript on the package's own sources: they are bundled on the spot, so nothing need be built before. */
import { mkdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);

/**
 * Bundles `bench/<name>/<file>.ts` into `build/bench` and runs its `main` with the arguments of this process.
 * @param {string} name folder of the bench
 * @param {string} [file]
 */
export async function runBench(name, file = "main") {
  const folder = new URL("build/bench/", root);
  mkdirSync(folder, { recursive: true });
  const outfile = fileURLToPath(new URL(`${name}-${file}.mjs`, folder));
  await build({
    entryPoints: [fileURLToPath(new URL(`bench/${name}/${file}.ts`, root))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  const { main } = await import(pathToFileURL(outfile).href);
  await main(process.argv.slice(2));
}
