import { EchoError, type ErrorEnvelope, isErrorCode, reasonOf } from "../../base/errors.js";
import {
  REMOTE_PATHS,
  type SessionOffer,
  type SessionRequest,
  type SessionWhereabouts,
} from "../../protocol/remote.js";

/** Where to ask for sessions, and with what. */
export type RemoteServers = {
  /** Addresses of nodes, or of a balancer before them; any of them will do. */
  readonly urls: readonly string[];
  /** The access token, or a function that gives a fresh one. */
  readonly token: string | (() => string | Promise<string>) | undefined;
};

/** Time for an answer, in ms. */
const TIMEOUT_MS = 10_000;

/**
 * Asks for a place, one address after another until one answers.
 * @throws EchoError what the server refused with, or "server-unreachable" when none answers
 */
export async function requestSession(
  servers: RemoteServers,
  request: SessionRequest,
  signal?: AbortSignal,
): Promise<SessionOffer> {
  const token = typeof servers.token === "function" ? await servers.token() : servers.token;
  const headers = {
    "Content-Type": "application/json",
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  const offer = (await ask(servers.urls, REMOTE_PATHS.sessions, signal, {
    method: "POST",
    headers,
    body: JSON.stringify(request),
  })) as SessionOffer;
  for (const key of ["sessionId", "url", "token"] as const)
    if (typeof offer?.[key] !== "string")
      throw unreachable(servers.urls[0]!, "its answer is not that of a render server");
  return offer;
}

/** Whether a node still has the session. @throws EchoError "server-unreachable" when nobody answers */
export async function findSession(
  servers: RemoteServers,
  sessionId: string,
  signal?: AbortSignal,
): Promise<SessionWhereabouts> {
  return (await ask(servers.urls, `${REMOTE_PATHS.sessions}/${sessionId}`, signal, {})) as SessionWhereabouts;
}

async function ask(
  urls: readonly string[],
  path: string,
  signal: AbortSignal | undefined,
  init: RequestInit,
): Promise<unknown> {
  let failure: EchoError | undefined;
  for (const url of urls) {
    try {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(new URL(path, url.replace(/\/?$/, "/")), {
        ...init,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      const body = (await response.json().catch(() => undefined)) as { error?: ErrorEnvelope } | undefined;
      if (response.ok) return body;
      failure = isErrorCode(body?.error?.code)
        ? EchoError.fromEnvelope(body!.error!)
        : unreachable(url, `it answers with status ${response.status}`);
    } catch (error) {
      signal?.throwIfAborted();
      failure ??= unreachable(url, reasonOfFetch(error), error);
      continue;
    }
    // A refusal is an answer; only a node that is going down may send us on.
    if (failure.code !== "server-draining") break;
  }
  throw failure ?? unreachable("(no address)", "there is no address");
}

/** Node says why in the cause; a browser hides it from the page, whatever it was. */
function reasonOfFetch(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (cause !== undefined) return reasonOf(cause);
  const hidden =
    error instanceof TypeError ? " (it does not run there, or does not let this page in: --allow-origin)" : "";
  return reasonOf(error) + hidden;
}

function unreachable(server: string, reason: string, cause?: unknown): EchoError {
  return new EchoError("server-unreachable", { server, reason, cause });
}
