import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "tsup";

/** Entry name -> source. dist is flat: a worker's URL is always "./<name>.worker.js" beside the file that starts it. */
const vtuber = {
  vrm: "plugins/vrm/index.ts",
  vmc: "plugins/vmc/index.ts",
  "vtube-studio": "plugins/vtube-studio/index.ts",
  "live-link": "plugins/live-link/index.ts",
};
const libraries = {
  index: "sdk/index.ts",
  babylon: "plugins/babylon/index.ts",
  obs: "plugins/obs/index.ts",
  voice: "plugins/voice/index.ts",
  recorder: "plugins/recorder/index.ts",
  ...vtuber,
  eval: "sdk/eval/index.ts",
  server: "sdk/remote/server/index.ts",
};
const programs = { cli: "sdk/cli/main.ts" };
const threads = Object.fromEntries(
  (existsSync("workers") ? readdirSync("workers") : [])
    .filter((file) => /\.(worker|worklet)\.ts$/.test(file) && file !== "tracker.worker.ts")
    .map((file) => [file.replace(/\.ts$/, ""), `workers/${file}`]),
);

/** A classic script, whole in itself: face detectors load themselves with importScripts, which module workers lack. */
const tracker = defineConfig({
  entry: { "tracker.worker": "workers/tracker.worker.ts" },
  format: "iife",
  outExtension: () => ({ js: ".js" }),
  target: "es2022",
  platform: "browser",
  noExternal: ["comlink"],
  outDir: "dist",
});

/** The page that OBS shows, one file for the Chromium of OBS 30 and later. */
const overlayPage = defineConfig({
  entry: { "overlay-page": "plugins/obs/page/main.ts" },
  format: "esm",
  target: "chrome103",
  platform: "browser",
  splitting: false,
  outDir: "dist",
});

const library = defineConfig({
  entry: { ...libraries, ...programs, ...threads },
  dts: { entry: libraries },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  sourcemap: true,
  outDir: "dist",
  clean: ["!tracker.worker.js"], // both builds run at once, and this one must not remove what the other wrote
  external: [
    /^node:/,
    "echo-head",
    "onnxruntime-node",
    "@napi-rs/webcodecs",
    "@babylonjs/core",
    "node-osc",
    "vtubestudio",
    "ws",
    "obs-websocket-js",
  ],
});

export default [library, tracker, overlayPage];
