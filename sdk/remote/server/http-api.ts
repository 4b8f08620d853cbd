import type { IncomingMessage, ServerResponse } from "node:http";
import { EchoError, type ErrorCode } from "../../base/errors.js";
import { REMOTE_PATHS } from "../../protocol/remote.js";
import { clientAddress, type OriginRule } from "./origins.js";

/** What stands behind the addresses. Handlers throw EchoErrors, which become their status. */
export type HttpHandlers = {
  /** `POST /sessions`. */
  offerSession(request: { body: unknown; accessToken: string | undefined; address: string }): Promise<object>;
  /** `GET /sessions/<id>`. */
  findSession(request: { id: string; address: string }): Promise<object>;
  /** `GET /healthz`. */
  health(): { readonly ready: boolean } & object;
  /** `GET /metrics`. */
  metrics(): Promise<{ readonly text: string; readonly contentType: string }>;
  refused(code: ErrorCode): void;
};

/** Bytes of a request's body; a session request has about 150. */
const MAX_BODY_BYTES = 4_096;

const STATUS: Partial<Record<ErrorCode, number>> = {
  "message-invalid": 400,
  "protocol-mismatch": 400,
  "token-invalid": 401,
  "token-expired": 401,
  "token-replayed": 401,
  "avatar-not-found": 404,
  "pack-differs": 409,
  "message-too-large": 413,
  "rate-exceeded": 429,
  "server-full": 503,
  "server-draining": 503,
};

/** The control plane of a node over plain HTTP; every answer is JSON but the metrics. Never throws. */
export function createHttpApi(options: {
  readonly handlers: HttpHandlers;
  readonly origins: OriginRule;
  readonly trustProxy: boolean;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { handlers, origins, trustProxy } = options;

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split("?", 1)[0] ?? "/";
    if (path === "/healthz" && request.method === "GET") {
      const health = handlers.health();
      answer(response, health.ready ? 200 : 503, health);
    } else if (path === "/metrics" && request.method === "GET") {
      const { text, contentType } = await handlers.metrics();
      response.writeHead(200, { "Content-Type": contentType }).end(text);
    } else if (path === REMOTE_PATHS.sessions && request.method === "POST") {
      const accessToken = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
      const address = clientAddress(request, trustProxy);
      answer(response, 201, await handlers.offerSession({ body: await readJson(request), accessToken, address }));
    } else if (path.startsWith(`${REMOTE_PATHS.sessions}/`) && request.method === "GET") {
      const id = path.slice(REMOTE_PATHS.sessions.length + 1);
      if (!/^[0-9a-f]{32}$/.test(id)) throw invalid("id", "must be 32 hexadecimal digits");
      answer(response, 200, await handlers.findSession({ id, address: clientAddress(request, trustProxy) }));
    } else {
      answer(response, 404, { error: { message: "there is nothing here" } });
    }
  };

  return async (request, response) => {
    response.setHeader("Cache-Control", "no-store");
    const { origin } = request.headers;
    if (origin !== undefined && origins.allows(origin)) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Vary", "Origin");
      response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
    }
    if (request.method === "OPTIONS") {
      response.writeHead(204).end();
      return;
    }
    try {
      if (origin !== undefined && !origins.allows(origin))
        throw new EchoError("token-invalid", { reason: "pages of this origin may not connect" });
      await route(request, response);
    } catch (error) {
      const known = EchoError.is(error) ? error : undefined;
      if (known) handlers.refused(known.code);
      const { code, stage, recoverable, message } = known ?? {
        code: "graph-run-failed",
        stage: "remote",
        recoverable: false,
        message: "the server failed",
      };
      answer(response, known ? (STATUS[known.code] ?? 500) : 500, { error: { code, stage, recoverable, message } });
    }
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new EchoError("message-too-large", { bytes, limit: MAX_BODY_BYTES });
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    throw invalid("body", "must be JSON");
  }
}

function invalid(path: string, rule: string): EchoError {
  return new EchoError("message-invalid", { event: "sessions", path, rule });
}
