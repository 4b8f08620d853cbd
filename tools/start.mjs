/**
 * What `npm start` runs: builds what is missing or older than its sources, serves the studio page with the model pack on
 * this machine, and opens it in the browser.
 */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildIfStale } from "./start/build.mjs";
import { openBrowser } from "./start/open-browser.mjs";
import { createPageServer, listenNear } from "./start/server.mjs";

const HELP = `npm start -- [options]
  --port <number>   first port to try (default 4173; the next ones if it is taken)
  --pack <folder>   model pack to show (default models/echo-nano)
  --no-open         do not open the browser
  --no-build        serve what is built already
  --help            this text`;

const root = fileURLToPath(new URL("..", import.meta.url));

/** @returns {{ port: number, pack: string, open: boolean, build: boolean } | null} null after --help */
function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4173" },
      pack: { type: "string", default: "models/echo-nano" },
      "no-open": { type: "boolean", default: false },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new TypeError("--port must be a whole number, 0 to 65535");
  const pack = resolve(root, values.pack);
  if (!existsSync(resolve(pack, "manifest.json"))) {
    throw new TypeError(`--pack must be a folder with a manifest.json: ${values.pack} has none`);
  }
  return { port, pack, open: !values["no-open"], build: !values["no-build"] };
}

/** @param {readonly string[]} lines */
function box(lines) {
  const width = Math.max(...lines.map((line) => line.length));
  const row = (line) => `  │  ${line.padEnd(width)}  │`;
  return [`  ╭${"─".repeat(width + 4)}╮`, ...lines.map(row), `  ╰${"─".repeat(width + 4)}╯`].join("\n");
}

async function main() {
  const options = readOptions();
  if (!options) {
    console.log(HELP);
    return;
  }
  if (options.build) await buildIfStale(root);
  const server = createPageServer({
    pages: resolve(root, "build/examples"),
    folders: {
      "/pack": options.pack,
      "/conversation": resolve(root, "examples/assets"),
      "/ort": resolve(root, "node_modules/onnxruntime-web/dist"),
      "/face-mesh": resolve(root, "node_modules/@mediapipe/face_mesh"),
    },
  });
  const port = await listenNear(server, options.port);
  const address = `http://127.0.0.1:${port}/`;
  const closed = once(server, "close");
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      console.log("\nStopped.");
      server.close();
      server.closeAllConnections();
    });
  }
  console.log(`\n${box(["echo-head studio", "", address, "", "Ctrl+C stops it"])}\n`);
  if (options.open) await openBrowser(address);
  await closed;
}

try {
  await main();
} catch (error) {
  console.error(`echo-head start: ${error instanceof Error ? error.message : error}`);
  // 2: the caller can mend it (an option); 1: everything else, as for the command line.
  process.exitCode = error instanceof TypeError || error?.code?.startsWith?.("ERR_PARSE_ARGS") ? 2 : 1;
}
