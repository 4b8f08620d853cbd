import { existsSync } from "node:fs";
import { defineConfig } from "tsup";

/** Entry name -> source. dist is flat: a worker's URL is always "./<name>.worker.js" beside the file that starts it. */
const libraries = { index: "sdk/index.ts", babylon: "plugins/babylon/index.ts" };
const programs = { cli: "sdk/cli/main.ts" };
const workers = { "lcu.worker": "workers/lcu.worker.ts", "generator.worker": "workers/generator.worker.ts" };

const present = (entries: Record<string, string>) =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));

const shared = {
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  sourcemap: true,
  clean: false,
  outDir: "dist",
  external: [/^node:/, "echo-head"],
} as const;

export default defineConfig([
  {
    ...shared,
    external: [...shared.external],
    entry: present({ ...libraries, ...programs, ...workers }),
    dts: { entry: present(libraries) },
  },
]);
