import type { Server as HttpServer } from "node:http";
import { Server, type Socket } from "socket.io";
import { EchoError } from "../../base/errors.js";
import {
  type ConnectAuth,
  MAX_CLIENT_MESSAGE_BYTES,
  REMOTE_PATHS,
  REMOTE_PROTOCOL_VERSION,
} from "../../protocol/remote.js";
import { checkConnectAuth } from "../../protocol/remote-checks.js";
import { createPacketParser } from "../wire/packet-parser.js";
import type { ServerMetrics } from "./metrics.js";
import { clientAddress, type OriginRule } from "./origins.js";
import type { ServerLog } from "./server-log.js";
import type { RemoteSession, SessionLink } from "./session.js";
import type { SessionHouse } from "./session-house.js";
import type { Tokens } from "./tokens.js";

/** What a {@link createSocketServer} needs. */
export type SocketServerOptions = {
  readonly http: HttpServer;
  readonly house: SessionHouse;
  readonly tokens: Tokens;
  /** This node's id: tokens are for one node. */
  readonly node: string;
  readonly origins: OriginRule;
  readonly trustProxy: boolean;
  /** Counts a connection of an address. @throws EchoError "rate-exceeded" */
  readonly limit: (address: string) => Promise<void>;
  readonly metrics: ServerMetrics;
  readonly log: ServerLog;
};

/**
 * A message up to this size gets a typed refusal before its connection is closed; a larger one is cut off by the websocket itself.
 */
const MAX_FRAME_BYTES = 4 * MAX_CLIENT_MESSAGE_BYTES;
const PING_EVERY_MS = 10_000;
const PING_TIMEOUT_MS = 10_000;
/** Time to begin a session, in ms: an avatar is loaded. */
const ADMISSION_MS = 30_000;

/**
 * The sockets of a node. Websocket only (no sticky sessions are needed then), MessagePack with limits, no recovery of socket.io's own (it
 * keeps every message for two minutes), nothing volatile (it drops the newest): the session has credit and resumes by itself.
 */
export function createSocketServer(options: SocketServerOptions): { close(): Promise<void> } {
  const { http, origins, trustProxy, limit, metrics, log } = options;
  const io = new Server(http, {
    path: REMOTE_PATHS.socket,
    serveClient: false,
    transports: ["websocket"],
    allowUpgrades: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: MAX_FRAME_BYTES,
    pingInterval: PING_EVERY_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: ADMISSION_MS,
    parser: createPacketParser(MAX_CLIENT_MESSAGE_BYTES),
    allowRequest: (request, decide) => {
      const { origin } = request.headers;
      if (origin !== undefined && !origins.allows(origin)) return decide("origin", false);
      limit(clientAddress(request, trustProxy)).then(
        () => decide(null, true),
        () => {
          metrics.refused("rate-exceeded");
          decide("rate-exceeded", false);
        },
      );
    },
  });

  io.use((socket, next) => {
    admit(socket, options).then(
      () => next(),
      (error: unknown) => {
        const known = EchoError.is(error) ? error : new EchoError("server-full", { reason: "the server failed" });
        if (known !== error) log("error", "admission-failed", { reason: String(error) });
        metrics.refused(known.code);
        const { code, stage, recoverable, message } = known;
        next(Object.assign(new Error(message), { data: { code, stage, recoverable, message } }));
      },
    );
  });

  io.on("connection", (socket) => {
    const { session, link, welcome } = socket.data as Admission;
    // What is no packet at all: the parser says why, and socket.io closes the connection after this.
    socket.on("error", (error: unknown) => {
      const known = EchoError.is(error) ? error : undefined;
      metrics.refused(known?.code ?? "message-invalid");
      if (known) link.send("refused", { error: known.toEnvelope() });
    });
    socket.onAny((event: string, message: unknown) => session.receive(link, event, message));
    socket.emit("welcome", welcome);
  });

  return { close: () => io.close() };
}

type Admission = {
  readonly session: RemoteSession;
  readonly link: SessionLink;
  readonly welcome: Awaited<ReturnType<SessionHouse["begin"]>>["welcome"];
};

/** Who is it, and which session do they want? The socket is not yet connected when this throws. */
async function admit(socket: Socket, { house, tokens, node }: SocketServerOptions): Promise<void> {
  const found: unknown = socket.handshake.auth;
  const { protocol } = (found ?? {}) as { protocol?: unknown };
  if (typeof protocol === "number" && protocol !== REMOTE_PROTOCOL_VERSION)
    throw new EchoError("protocol-mismatch", { server: REMOTE_PROTOCOL_VERSION, client: protocol });
  const wrong = checkConnectAuth(found);
  if (wrong) throw new EchoError("message-invalid", { event: "connect", ...wrong });
  const auth = found as ConnectAuth;
  const link: SessionLink = {
    send: (event, message) => void socket.emit(event, message),
    close: () => void socket.disconnect(true),
  };
  const admitted = auth.resume
    ? await house.resume(auth, link)
    : await house.begin(await tokens.useSession(auth.token!, node), auth, link);
  socket.data = { ...admitted, link } satisfies Admission;
  // Not "disconnect": a client that goes away before the welcome never gets that far.
  const left = (reason: string): void => house.left(admitted.session, link, reason);
  if (socket.conn.readyState === "open") socket.conn.once("close", left);
  else left("left before the welcome");
}
