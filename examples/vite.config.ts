import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Where the SDK is built. The examples import it by its name, as a user does; a test may put a double in its place. */
const sdk = process.env.ECHO_HEAD_SDK ?? at("../dist/index.js");

/** Builds the pages that `npm start` serves into build/examples. */
export default defineConfig({
  root: at("."),
  base: "./",
  publicDir: false,
  logLevel: "warn",
  resolve: {
    alias: [
      { find: /^echo-head$/, replacement: sdk },
      { find: /^echo-head\/babylon$/, replacement: at("../plugins/babylon/index.ts") },
    ],
  },
  worker: { format: "es" },
  build: {
    outDir: at("../build/examples"),
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      input: { studio: at("studio/index.html"), hello: at("01-hello-head/index.html") },
    },
  },
});
