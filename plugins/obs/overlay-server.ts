import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { answerControl, type ControlOptions } from "./control-api.js";
import { HeadPool } from "./head-pool.js";
import { type OpenAgent, type OverlayHead, openLocalAgent } from "./overlay-head.js";
import { OverlayPage, readPageMessage } from "./overlay-page.js";
import { overlayHtml, readPageScript } from "./page-files.js";
import { OVERLAY_VERSION, type PageHello } from "./wire.js";

/** Options of {@link serveOverlay}. */
export type OverlayOptions = ControlOptions & {
  /** 0 takes any free port. @default 8137 */
  readonly port?: number | undefined;
  /** Packs that pages may ask for: names or folders. The first is the default. @default ["echo-nano"] */
  readonly packs?: readonly string[] | undefined;
  /** The avatar of a page that names none. @default the pack's default */
  readonly avatar?: string | undefined;
  /** Everything is shown so long after its time, in ms, so that picture and sound never wait for each other. @default 200 */
  readonly delayMs?: number | undefined;
  /** A head that nobody has seen for so long, in ms, and that says nothing, is ended; it starts again when it is seen. @default 60000 */
  readonly idleMs?: number | undefined;
  /** Starts the agent of a head. @default EchoAgent.create on this machine */
  readonly open?: OpenAgent | undefined;
  /** The page's script, where it is not beside this module (tests). */
  readonly pageScript?: string | undefined;
  /** Told in one line what happens: pages that come and go, heads that fail. */
  readonly onEvent?: ((text: string) => void) | undefined;
};

/** A running overlay server. */
export type Overlay = {
  /** Such as "http://127.0.0.1:8137/": give it to OBS as the address of a browser source. */
  readonly url: string;
  readonly port: number;
  /** The default head, started if it does not run. */
  head(): Promise<OverlayHead>;
  /** What GET /health answers. */
  health(): Promise<OverlayHealth>;
  /** Ends pages, heads and server. */
  dispose(): Promise<void>;
};

/** How the overlay is doing. */
export type OverlayHealth = {
  readonly ok: boolean;
  readonly version: number;
  readonly choices: HeadPool["choices"];
  readonly heads: readonly {
    readonly pack: string;
    readonly avatar: string;
    readonly state: string;
    readonly backend: string;
    readonly failure?: string | undefined;
    /** Frames made, and blocks left out because the machine is too slow. */
    readonly frames: number;
    readonly skippedBlocks: number;
    readonly pages: readonly OverlayPage["health"][];
  }[];
};

const DEFAULT_PORT = 8137;
const LARGEST_MESSAGE = 64 * 1024;
/** A page that does not answer a ping for so long is gone. */
const PING_EVERY_MS = 10_000;

/**
 * Serves the overlay page on loopback and generates the heads that its pages show. Only this machine reaches it, and only its own
 * pages: requests with another Host or Origin are refused.
 * @throws the server's error when the port is taken; EchoError when a pack cannot be read
 */
export async function serveOverlay(options: OverlayOptions = {}): Promise<Overlay> {
  const {
    open = openLocalAgent,
    packs = ["echo-nano"],
    avatar,
    delayMs = 200,
    idleMs = 60_000,
    onEvent = () => {},
  } = options;
  const pool = await HeadPool.create({ open, packs, avatar, idleMs, onTrouble: onEvent });
  const script = options.pageScript ?? (await readPageScript());
  const pages = new Set<WebSocket>();
  const health = async (): Promise<OverlayHealth> => {
    const heads = (await pool.heads()).map((head) => ({
      pack: head.pack,
      avatar: head.avatar,
      state: head.agent.state,
      backend: head.agent.backend,
      failure: head.failure === undefined ? undefined : String(head.failure),
      frames: head.agent.stats().frames,
      skippedBlocks: head.agent.stats().skippedBlocks,
      pages: head.pages.map((page) => page.health),
    }));
    return {
      ok: heads.every((head) => head.failure === undefined),
      version: OVERLAY_VERSION,
      choices: pool.choices,
      heads,
    };
  };

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://overlay");
    response.setHeader("Cache-Control", "no-store");
    // A page that is cross-origin isolated may show the overlay in a frame.
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
    if (!isOurs(request, server)) return void response.writeHead(403).end("only for pages of this machine\n");
    if (request.method === "GET" && pathname === "/") {
      return void response.setHeader("Content-Type", "text/html; charset=utf-8").end(overlayHtml());
    }
    if (request.method === "GET" && pathname === "/overlay-page.js") {
      return void response.setHeader("Content-Type", "text/javascript; charset=utf-8").end(script);
    }
    if (request.method === "GET" && pathname === "/health") {
      return void response.setHeader("Content-Type", "application/json").end(JSON.stringify(await health()));
    }
    await answerControl({ request, response, head: (wanted) => pool.get(wanted), options });
  });

  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE });
  server.on("upgrade", (request, socket, rest) => {
    if (new URL(request.url ?? "/", "http://overlay").pathname !== "/stream" || !isOurs(request, server)) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, rest, (connection) => {
      pages.add(connection);
      connection.once("close", () => pages.delete(connection));
      serveConnection({ connection, request, pool, delayMs, onEvent });
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? DEFAULT_PORT, "127.0.0.1", resolve);
  }).catch(async (error: unknown) => {
    await pool.dispose();
    throw error;
  });
  const { port } = server.address() as AddressInfo;
  const pings = setInterval(() => {
    for (const connection of pages) pingOrEnd(connection);
  }, PING_EVERY_MS);
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    clearInterval(pings);
    for (const connection of pages) connection.close(1001, "the companion ends");
    sockets.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await pool.dispose();
  };
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    head: () => pool.get({}),
    health,
    dispose: () => {
      ending ??= end();
      return ending;
    },
  };
}

/** One page from its hello to its end. */
function serveConnection(task: {
  connection: WebSocket;
  request: IncomingMessage;
  pool: HeadPool;
  delayMs: number;
  onEvent: (text: string) => void;
}): void {
  const { connection, request, pool, delayMs, onEvent } = task;
  const page = new OverlayPage(connection, request.headers["user-agent"] ?? "");
  let hello: PageHello | undefined;
  let head: OverlayHead | undefined;
  let attaching = false;

  const attach = async (): Promise<void> => {
    if (
      hello === undefined ||
      attaching ||
      !page.seen ||
      (head !== undefined && !head.disposed && head.failure === undefined)
    )
      return;
    attaching = true;
    try {
      head = await pool.get(hello);
      const { pack, avatar } = head;
      page.tell({ type: "head", version: OVERLAY_VERSION, pack, avatar, delayMs });
      if (connection.readyState === connection.OPEN) head.add(page);
    } catch (error) {
      page.fail(error);
      onEvent(`no head for a page: ${error instanceof Error ? error.message : error}`);
    } finally {
      attaching = false;
    }
  };

  connection.on("message", (data: RawData, isBinary: boolean) => {
    try {
      if (isBinary) throw new TypeError("message must be a text");
      const message = readPageMessage(String(data));
      if (message.type === "hello" && message.version !== OVERLAY_VERSION) {
        page.tell({
          type: "failure",
          code: "reload",
          message: "the companion has another version: reload",
          retry: true,
        });
        return;
      }
      page.take(message);
      if (message.type === "hello") hello = message;
      if (message.type === "hello" || message.type === "seen") void attach();
    } catch (error) {
      connection.close(1008, (error as Error).message.slice(0, 100));
    }
  });
  connection.on("error", (error) => onEvent(`a page failed: ${error.message}`));
  connection.once("close", () => {
    head?.remove(page);
    onEvent("a page went");
  });
  onEvent("a page came");
}

const alive = new WeakMap<WebSocket, boolean>();

function pingOrEnd(connection: WebSocket): void {
  if (alive.get(connection) === false) {
    connection.terminate();
    return;
  }
  if (!alive.has(connection)) connection.on("pong", () => alive.set(connection, true));
  alive.set(connection, false);
  connection.ping();
}

/** True for a request to this server by its loopback name, from its own pages or from a program (which names no origin). */
function isOurs(request: IncomingMessage, server: Server): boolean {
  const { port } = server.address() as AddressInfo;
  const { host, origin } = request.headers;
  const names = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port}`);
  if (host === undefined || !names.includes(host)) return false;
  return origin === undefined || names.some((name) => origin === `http://${name}`);
}
