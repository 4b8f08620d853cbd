import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "tsup";

/** Entry name -> source. dist is flat: a worker's URL is always "./<name>.worker.js" beside the file that starts it. */
const vtuber = {
  vrm: "plugins/vrm/index.ts",
  vmc: "plugins/vmc/index.ts",
  "vtube-studio": "plugins/vtube-studio/index.ts",
  "live-link": "plugins/live-link/index.ts",
};
const libraries = { index: "sdk/index.ts", babylon: "plugins/babylon/index.ts", ...vtuber };
const programs = { cli: "sdk/cli/main.ts" };
const threads = Object.fromEntries(
  (existsSync("workers") ? readdirSync("workers") : [])
    .filter((file) => /\.(worker|worklet)\.ts$/.test(file))
    .map((file) => [file.replace(/\.ts$/, ""), `workers/${file}`]),
);

export default defineConfig({
  entry: { ...libraries, ...programs, ...threads },
  dts: { entry: libraries },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  sourcemap: true,
  outDir: "dist",
  clean: true,
  external: [
    /^node:/,
    "echo-head",
    "onnxruntime-node",
    "@napi-rs/webcodecs",
    "@babylonjs/core",
    "node-osc",
    "vtubestudio",
    "ws",
  ],
});
