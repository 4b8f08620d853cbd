import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** A page for a browser test: one script, bundled from the sources, beside folders that are served as they are. */
export async function servePage(options: {
  /** The script's TypeScript file. */
  readonly script: string;
  /** Path prefix -> folder. */
  readonly folders: Readonly<Record<string, string>>;
  /** False leaves the page without cross-origin isolation, as most servers do. @default true */
  readonly isolated?: boolean;
}): Promise<{ readonly url: string; close(): Promise<void> }> {
  const bundle = await build({
    entryPoints: [options.script],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "error",
    // Plugins import the package by its name; here the name means the sources.
    alias: { "echo-head": fileURLToPath(new URL("../../sdk/index.ts", import.meta.url)) },
  });
  const script = bundle.outputFiles[0]!.contents;
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://page").pathname));
    // Cross-origin isolation, as WASM with threads needs it.
    if (options.isolated !== false) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    response.setHeader("Content-Type", TYPES[extname(path)] ?? "application/octet-stream");
    if (path === "/") {
      response.setHeader("Content-Type", "text/html");
      return response.end('<!doctype html><title>test</title><script type="module" src="/script.js"></script>');
    }
    if (path === "/script.js") return response.end(script);
    const folder = Object.keys(options.folders).find((prefix) => path.startsWith(prefix));
    try {
      if (folder === undefined) throw new Error("not served");
      return response.end(await readFile(join(options.folders[folder]!, path.slice(folder.length))));
    } catch {
      return response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
