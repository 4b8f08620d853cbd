import type { BackendName } from "../protocol/backend.js";
import type { RenderServer } from "../remote/server/render-server.js";
import type { ServeOptions } from "../remote/server/serve-options.js";
import { createJsonLog } from "../remote/server/server-log.js";
import { type Command, type OptionValues, textOf, wholeNumberOf } from "./command.js";
import { EXIT, UsageError } from "./exit-codes.js";

/** Where graphs can run on a server. */
const PROVIDERS = ["cpu", "cuda", "tensorrt", "webgpu"] as const satisfies readonly BackendName[];
/** Secrets do not belong on a command line, which every user of the machine can read. */
const SECRET_VARIABLE = "ECHO_HEAD_TOKEN_SECRET";

/** How a server is started; tests pass their own. */
export type StartServer = (options: ServeOptions) => Promise<Pick<RenderServer, "url" | "backend" | "drain">>;

/** `echo-head serve`. `start` loads the server only when it is wanted. */
export function createServeCommand(start: StartServer = startServer): Command {
  return {
    name: "serve",
    summary: "Renders heads for clients on other machines; they use it with backend: { remote: address }.",
    options: {
      pack: { value: "<name|dir>", help: "the model pack; default echo-nano" },
      host: { value: "<address>", help: "where to listen; default 127.0.0.1, and others only with a secret" },
      port: { value: "<n>", help: "default 8787; 0 takes a free one" },
      "public-url": { value: "<url>", help: "the address by which clients reach this node, where it is another one" },
      ep: { value: "<name>", choices: PROVIDERS, help: "where the graphs run; default cpu" },
      "max-sessions": { value: "<n>", help: "clients at a time; default 8" },
      "max-sessions-per-key": { value: "<n>", help: "clients at a time with one token's key; default --max-sessions" },
      formats: { value: "<list>", help: "how pictures may travel, of avc,vp8,webp,png,raw; default all that work" },
      "max-batch": { value: "<n>", help: "heads in one run of a graph; default 32" },
      "token-secret": { value: "<text>", help: `signs tokens, 32 characters or more; better in ${SECRET_VARIABLE}` },
      redis: { value: "<url>", help: "registry of many nodes, redis://…; needs a secret" },
      "allow-origin": { value: "<list>", help: "web pages that may connect, with commas between them, or *" },
      "trust-proxy": { help: "take clients' addresses from X-Forwarded-For" },
      "drain-seconds": { value: "<n>", help: "how long SIGTERM waits for clients to leave; default 30" },
    },
    notes: [
      "GET /healthz and /metrics (Prometheus) tell how it is; logs are JSON lines on stderr.",
      "SIGTERM or Ctrl-C drains: no new clients, those that are there move or end. A second Ctrl-C ends at once.",
    ],
    run: async (values, _, io) => {
      let server: Awaited<ReturnType<StartServer>>;
      try {
        server = await start(serveOptions(values, io.err));
      } catch (error) {
        if (error instanceof TypeError && error.message.startsWith("options."))
          throw new UsageError(inWords(error.message));
        throw error;
      }
      io.out(`echo-head renders at ${server.url} on ${server.backend}\n`);
      if (!io.signal.aborted)
        await new Promise((resolve) => io.signal.addEventListener("abort", resolve, { once: true }));
      await server.drain();
      return EXIT.ok;
    },
  };
}

async function startServer(options: ServeOptions): Promise<RenderServer> {
  const { RenderServer } = await import("../remote/server/render-server.js");
  return RenderServer.start(options);
}

function serveOptions(values: OptionValues, write: (line: string) => void): ServeOptions {
  const drainSeconds = wholeNumberOf(values, "drain-seconds", 0);
  const options: ServeOptions = {
    pack: textOf(values, "pack"),
    host: textOf(values, "host"),
    port: wholeNumberOf(values, "port", 0),
    publicUrl: textOf(values, "public-url"),
    backend: textOf(values, "ep") as BackendName | undefined,
    maxSessions: wholeNumberOf(values, "max-sessions", 1),
    maxSessionsPerKey: wholeNumberOf(values, "max-sessions-per-key", 1),
    formats: textOf(values, "formats")?.split(",") as ServeOptions["formats"],
    maxBatch: wholeNumberOf(values, "max-batch", 1),
    tokenSecret: textOf(values, "token-secret") ?? process.env[SECRET_VARIABLE],
    redis: textOf(values, "redis"),
    allowOrigins: textOf(values, "allow-origin")?.split(","),
    trustProxy: values["trust-proxy"] === true,
    drainMs: drainSeconds === undefined ? undefined : 1_000 * drainSeconds,
    log: createJsonLog(write),
  };
  return options;
}

/** "options.tokenSecret must be …" in the words of the command line: "--token-secret must be …". */
function inWords(message: string): string {
  return message.replaceAll(
    /options\.(\w+)/g,
    (_, name: string) =>
      `--${name === "backend" ? "ep" : name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  );
}
