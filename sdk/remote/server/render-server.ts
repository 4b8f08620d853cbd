import { randomBytes } from "node:crypto";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { DisposableStore } from "../../base/disposal.js";
import { EchoError, reasonOf } from "../../base/errors.js";
import { loadPack } from "../../pack/load-pack.js";
import { Pack } from "../../pack/pack.js";
import { probeEncoders } from "../media/open-encoder.js";
import { ControlPlane } from "./control-plane.js";
import { createHttpApi } from "./http-api.js";
import { ServerMetrics } from "./metrics.js";
import { createOriginRule } from "./origins.js";
import type { NodeRegistry } from "./registry/node-registry.js";
import { RedisRegistry } from "./registry/redis-registry.js";
import { SingleNodeRegistry } from "./registry/single-node-registry.js";
import { checkServeOptions, type ServeOptions } from "./serve-options.js";
import { createJsonLog, type ServerLog, shortId } from "./server-log.js";
import { SessionHouse } from "./session-house.js";
import { createSocketServer } from "./socket-server.js";
import { type Renderer, startRenderer } from "./start-renderer.js";
import { Tokens } from "./tokens.js";

/** How often the batches of the model's thread are asked for, in ms. */
const BATCHES_EVERY_MS = 1_000;

type Parts = {
  readonly pack: Pack;
  readonly renderer: Renderer;
  readonly http: HttpServer;
  readonly house: SessionHouse;
  readonly registry: NodeRegistry;
  readonly metrics: ServerMetrics;
  readonly log: ServerLog;
  readonly url: string;
  readonly drainMs: number;
  readonly store: DisposableStore;
};

/**
 * A node that renders heads for many clients, as `echo-head serve` starts it.
 *
 *     const server = await RenderServer.start({ pack: "echo-nano" });
 *     console.log(server.url);
 */
export class RenderServer {
  readonly #parts: Parts;
  #draining: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Loads the pack, starts the model in a thread of its own and listens. Throws a `TypeError` for a bad option (a public address without a
   * secret is one), EchoError for what goes wrong in the world (`pack-…`, `backend-unavailable`, `video-unusable`, `server-cannot-listen` for a port
   * that is taken, `registry-unreachable` for Redis).
   */
  static async start(options: ServeOptions = {}): Promise<RenderServer> {
    checkServeOptions(options);
    const store = new DisposableStore();
    try {
      return new RenderServer(await startParts(options, store));
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  /** The address for `backend: { remote: url }`. */
  get url(): string {
    return this.#parts.url;
  }

  /** The port that it listens on. */
  get port(): number {
    return (this.#parts.http.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Where the graphs run, for instance "cpu". */
  get backend(): string {
    return this.#parts.renderer.report.backend;
  }

  /** Sessions that there are. */
  get sessions(): number {
    return this.#parts.house.size;
  }

  /** Takes no new sessions, tells the clients, waits until they have left or `drainMs` are over, and ends. May be called again. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  /** Ends at once; clients hear that their session is lost. */
  async dispose(): Promise<void> {
    await this.#parts.store.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #drain(): Promise<void> {
    const { house, registry, metrics, log, drainMs } = this.#parts;
    log("info", "draining", { sessions: house.size });
    metrics.setDraining();
    await registry.drain().catch((error) => log("warning", "registry", { reason: reasonOf(error) }));
    await house.drain(drainMs);
    await this.dispose();
    log("info", "drained");
  }
}

async function startParts(options: ServeOptions, store: DisposableStore): Promise<Parts> {
  const {
    host = "127.0.0.1",
    port = 8_787,
    backend = "auto",
    maxSessions = 8,
    maxBatch = 32,
    drainMs = 30_000,
  } = options;
  const { tokenSecret, trustProxy = false, log = createJsonLog() } = options;
  const given = options.pack ?? "echo-nano";
  const pack = given instanceof Pack ? given : await loadPack(given);
  const { fps, blockFrames } = pack.manifest.clock;
  const metrics = new ServerMetrics({ capacity: maxSessions });
  store.add(metrics);
  const encoders = await probeEncoders({ fps, allowed: options.formats });
  const node = randomBytes(8).toString("hex");
  let house: SessionHouse | undefined;
  const lost = () =>
    house?.endAll(new EchoError("session-lost", { server: node, reason: "the model was started again" }));
  const renderer = store.add(
    await startRenderer({ pack: pack.source, backend, maxBatch, assets: options.assets, onLost: lost }),
  );
  const registry = store.add(await openRegistry(options, log));
  const sessions = new SessionHouse({
    pack,
    renderer,
    encoders,
    registry,
    metrics,
    log,
    maxSessions,
    maxSessionsPerKey: options.maxSessionsPerKey ?? maxSessions,
    graceMs: options.graceMs,
    blocksPerS: fps / blockFrames,
  });
  house = sessions;
  const tokens = new Tokens(tokenSecret);
  const control = new ControlPlane({ pack, registry, tokens, requestsPerMinute: options.requestsPerMinute ?? 120 });
  const origins = createOriginRule({ allowOrigins: options.allowOrigins, hasSecret: tokenSecret !== undefined });
  const health = () => ({
    ready: !sessions.draining,
    state: sessions.draining ? "draining" : "ready",
    sessions: sessions.size,
    capacity: maxSessions,
    backend: renderer.report.backend,
    pack: pack.manifest.name,
    packHash: pack.hash,
    formats: encoders.formats,
    hardwareEncoder: encoders.hardware,
  });
  const http = createServer(
    createHttpApi({
      handlers: {
        offerSession: (request) => control.offerSession(request),
        findSession: (request) => control.findSession(request),
        health,
        metrics: async () => ({ text: await metrics.text(), contentType: metrics.contentType }),
        refused: (code) => metrics.refused(code),
      },
      origins,
      trustProxy,
    }),
  );
  http.requestTimeout = 10_000;
  http.headersTimeout = 10_000;
  const sockets = createSocketServer({
    http,
    house: sessions,
    tokens,
    node,
    origins,
    trustProxy,
    limit: (address) => control.limit(address),
    metrics,
    log,
  });
  await listen(http, port, host);
  store.add(async () => {
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  });
  store.add(() => sockets.close());
  store.add(() => sessions.endAll(new EchoError("session-lost", { server: node, reason: "the server has ended" })));
  const url = options.publicUrl ?? addressOf(host, (http.address() as AddressInfo).port);
  await registry.join({ id: node, url, capacity: maxSessions, packHash: pack.hash });
  const looking = setInterval(() => {
    void renderer.api.takeBatches().then(
      (report) => metrics.batches(report),
      () => {},
    ); // the next look finds them
  }, BATCHES_EVERY_MS);
  looking.unref();
  store.add(() => clearInterval(looking));
  log("info", "listening", {
    url,
    node: shortId(node),
    backend: renderer.report.backend,
    threads: renderer.place,
    formats: encoders.formats.join(" "),
    hardwareEncoder: encoders.hardware,
    pack: pack.manifest.name,
    tokens: tokenSecret !== undefined,
    maxSessions,
  });
  return { pack, renderer, http, house: sessions, registry, metrics, log, url, drainMs, store };
}

/** @throws EchoError "server-cannot-listen" when the port is taken or the address is not this machine's */
function listen(http: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const reason =
        cause.code === "EADDRINUSE" ? "the port is taken, perhaps by another server; choose another" : cause.message;
      reject(new EchoError("server-cannot-listen", { server: `${host}:${port}`, reason, cause }));
    };
    http.once("error", refuse);
    http.listen(port, host, () => {
      http.off("error", refuse);
      resolve();
    });
  });
}

async function openRegistry(options: ServeOptions, log: ServerLog): Promise<NodeRegistry> {
  if (options.redis === undefined) return new SingleNodeRegistry();
  const onTrouble = (reason: string) => log("warning", "registry", { reason });
  return RedisRegistry.connect({ url: options.redis, onTrouble });
}

/** Where clients find a server that listens on `host`; for all addresses of the machine, the first that others can reach. */
function addressOf(host: string, port: number): string {
  const reachable = ["0.0.0.0", "::"].includes(host)
    ? (Object.values(networkInterfaces())
        .flat()
        .find((address) => address?.family === "IPv4" && !address.internal)?.address ?? "127.0.0.1")
    : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}
