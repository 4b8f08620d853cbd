import type { IncomingMessage } from "node:http";
import { isLoopback } from "./serve-options.js";

/** Which web pages may connect. Programs send no origin and are not meant. */
export type OriginRule = { allows(origin: string): boolean };

/**
 * Without a list: with a secret every page (its token is checked), without one only pages of this machine, so that no page of the web
 * reaches the server of a person's own computer.
 */
export function createOriginRule(options: {
  readonly allowOrigins: readonly string[] | undefined;
  readonly hasSecret: boolean;
}): OriginRule {
  const { allowOrigins, hasSecret } = options;
  if (allowOrigins === undefined)
    return { allows: (origin) => hasSecret || (URL.canParse(origin) && isLoopback(new URL(origin).hostname)) };
  const known = new Set(allowOrigins.map((origin) => origin.replace(/\/$/, "")));
  return { allows: (origin) => known.has("*") || known.has(origin) };
}

/** The client's address; behind a proxy that is trusted, the one that the proxy names last. */
export function clientAddress(request: Pick<IncomingMessage, "headers" | "socket">, trustProxy: boolean): string {
  const forwarded = trustProxy ? request.headers["x-forwarded-for"] : undefined;
  const last = (Array.isArray(forwarded) ? forwarded.join(",") : forwarded)?.split(",").at(-1)?.trim();
  return last || (request.socket.remoteAddress ?? "unknown");
}
