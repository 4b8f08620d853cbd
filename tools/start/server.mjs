import { createServer } from "node:http";
import sirv from "sirv";

/** How many ports are tried, beginning with the wanted one. */
const PORTS_TRIED = 20;

/**
 * The two headers of cross-origin isolation, without which a browser gives WebAssembly one thread only; and no cache
 * without asking, because a rebuilt page or another pack has the same addresses (a 304 costs nothing on this machine).
 */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-cache",
  "X-Content-Type-Options": "nosniff",
};

/** Types that the file table of sirv does not know or names otherwise than browsers want. */
const TYPES = [
  [/\.mjs$/, "text/javascript; charset=utf-8"],
  [/\.wasm$/, "application/wasm"],
  [/\.jsonl$/, "application/x-ndjson; charset=utf-8"],
  [/\.(onnx|safetensors)$/, "application/octet-stream"],
];

/**
 * Serves the built pages at / (the studio is the front page) and each of `folders` below its prefix. Files only, from
 * these folders only, to this machine only.
 * @param {{ pages: string, folders: Readonly<Record<string, string>> }} options
 */
export function createPageServer({ pages, folders }) {
  const serve = (folder) => sirv(folder, { dev: true, etag: true, setHeaders });
  const mounts = Object.entries(folders).map(([prefix, folder]) => [`${prefix}/`, serve(folder)]);
  const page = serve(pages);
  return createServer((request, response) => {
    const [path = "/", query = ""] = (request.url ?? "/").split("?");
    const missing = () => {
      response.writeHead(404, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" });
      response.end(`${path} is not here\n`);
    };
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { ...HEADERS, Allow: "GET, HEAD" });
      response.end();
      return;
    }
    if (path === "/" || path === "/studio") {
      response.writeHead(302, { ...HEADERS, Location: `/studio/${query && `?${query}`}` });
      response.end();
      return;
    }
    const mount = mounts.find(([prefix]) => path.startsWith(prefix));
    if (!mount) {
      page(request, response, missing);
      return;
    }
    request.url = (request.url ?? "/").slice(mount[0].length - 1);
    mount[1](request, response, missing);
  });
}

/**
 * Listens on 127.0.0.1, on the wanted port or the first free one after it; 0 takes any.
 * @param {import("node:http").Server} server
 * @param {number} wanted
 * @returns {Promise<number>} the port
 */
export async function listenNear(server, wanted) {
  for (let port = wanted; port < wanted + PORTS_TRIED && port <= 65_535; port += 1) {
    const failure = await new Promise((resolve) => {
      server.once("error", resolve);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", resolve);
        resolve(null);
      });
    });
    if (!failure) {
      if (port !== wanted && wanted !== 0) console.log(`Port ${wanted} is taken; this is ${port}.`);
      return server.address().port;
    }
    if (failure.code !== "EADDRINUSE") throw failure;
  }
  throw new Error(`ports ${wanted} to ${wanted + PORTS_TRIED - 1} are taken; choose another with --port`);
}

/** Called by sirv for each file. */
function setHeaders(response, pathname) {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  for (const [pattern, type] of TYPES) if (pattern.test(pathname)) response.setHeader("Content-Type", type);
}
