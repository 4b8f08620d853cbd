import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Plugins, examples and tests import the package by its name; in tests the name means the sources.
    alias: [
      { find: /^echo-head$/, replacement: source("./sdk/index.ts") },
      { find: /^echo-head\/server$/, replacement: source("./sdk/remote/server/index.ts") },
      { find: /^echo-head\/eval$/, replacement: source("./sdk/eval/index.ts") },
      { find: /^echo-head\/babylon$/, replacement: source("./plugins/babylon/index.ts") },
      { find: /^echo-head\/voice$/, replacement: source("./plugins/voice/index.ts") },
      { find: /^echo-head\/recorder$/, replacement: source("./plugins/recorder/index.ts") },
      { find: /^echo-head\/obs$/, replacement: source("./plugins/obs/index.ts") },
      { find: /^echo-head\/(vrm|vmc|vtube-studio|live-link)$/, replacement: source("./plugins/$1/index.ts") },
    ],
  },
  test: {
    globalSetup: "tools/test-setup.ts",
    include: ["{sdk,workers,plugins,examples,tests,tools}/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
