import { isIP } from "node:net";
import { checkBoolean, checkKeys, checkNumber, checkOneOf, checkText, describe } from "../../base/option-checks.js";
import type { Pack } from "../../pack/pack.js";
import type { AssetOptions, BackendName, PackSource } from "../../protocol/backend.js";
import { VIDEO_FORMATS, type VideoFormat } from "../../protocol/remote.js";
import type { ServerLog } from "./server-log.js";
import { checkSecret } from "./tokens.js";

/** Options of RenderServer.start. */
export type ServeOptions = {
  /** As in EchoAgent.create. @default "echo-nano" */
  readonly pack?: string | URL | PackSource | Pack | undefined;
  /** Where the graphs run. @default "auto", the CPU */
  readonly backend?: BackendName | undefined;
  /** Address to listen on. One that is not loopback needs `tokenSecret`. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** 0 takes a free one. @default 8787 */
  readonly port?: number | undefined;
  /** The address under which clients reach this node. @default made of host and port; for 0.0.0.0 the machine's first outward address */
  readonly publicUrl?: string | undefined;
  /** Sessions at a time, those that wait for their client to come back included. @default 8 */
  readonly maxSessions?: number | undefined;
  /** Sessions at a time of one key. @default maxSessions */
  readonly maxSessionsPerKey?: number | undefined;
  /** How pictures may travel; the client chooses among them. "webp", "png" and "raw" are exact. @default everything that works here */
  readonly formats?: readonly VideoFormat[] | undefined;
  /** Heads in one run of a graph. @default 32 */
  readonly maxBatch?: number | undefined;
  /** Signs and checks tokens, at least 32 characters; the same on every node. @default none: anybody on this machine may connect */
  readonly tokenSecret?: string | undefined;
  /** redis://… of the registry of nodes; needs `tokenSecret`. @default this node alone */
  readonly redis?: string | undefined;
  /** Origins of web pages that may connect, such as "https://game.example"; "*" for all. @default pages from this machine; with a secret all */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Behind a proxy: take the client's address from X-Forwarded-For. @default false */
  readonly trustProxy?: boolean | undefined;
  /** How long a drain waits for clients to leave, in ms. @default 30000 */
  readonly drainMs?: number | undefined;
  /** How long a session without a connection is kept, in ms. @default 30000 */
  readonly graceMs?: number | undefined;
  /** Connections and session requests of one address in a minute. @default 120 */
  readonly requestsPerMinute?: number | undefined;
  /** @default JSON lines on stderr */
  readonly log?: ServerLog | undefined;
  readonly assets?: AssetOptions | undefined;
};

// biome-ignore format: a list
const KEYS = [
  "pack", "backend", "host", "port", "publicUrl", "maxSessions", "maxSessionsPerKey", "formats", "maxBatch", "tokenSecret", "redis", "allowOrigins",
  "trustProxy", "drainMs", "graceMs", "requestsPerMinute", "log", "assets",
];
const BACKENDS = ["auto", "cpu", "wasm", "webgpu", "cuda", "tensorrt"] as const;

/** Throws a `TypeError` with the dotted path of the first option that breaks its rule. */
export function checkServeOptions(options: ServeOptions): void {
  checkKeys(options, "options", KEYS);
  const { backend, host, port, publicUrl, tokenSecret, redis, allowOrigins, trustProxy } = options as ServeOptions;
  if (backend !== undefined) checkOneOf(backend, "options.backend", BACKENDS);
  if (host !== undefined) checkText(host, "options.host");
  if (port !== undefined) checkNumber(port, "options.port", { min: 0, max: 65_535, integer: true });
  if (publicUrl !== undefined) checkAddress(publicUrl, "options.publicUrl", ["http:", "https:"]);
  checkCounts(options as ServeOptions);
  const { formats } = options as ServeOptions;
  const wrong = Array.isArray(formats) ? formats.find((format) => !VIDEO_FORMATS.includes(format)) : formats;
  if (wrong !== undefined || formats?.length === 0)
    throw new TypeError(
      `options.formats must be a list of ${VIDEO_FORMATS.join(", ")}, not ${describe(wrong ?? formats)}`,
    );
  if (tokenSecret !== undefined) checkSecret(tokenSecret, "options.tokenSecret");
  if (redis !== undefined) checkAddress(redis, "options.redis", ["redis:", "rediss:"]);
  if (trustProxy !== undefined) checkBoolean(trustProxy, "options.trustProxy");
  if (allowOrigins !== undefined && !(Array.isArray(allowOrigins) && allowOrigins.every((o) => typeof o === "string")))
    throw new TypeError(`options.allowOrigins must be a list of origins, not ${describe(allowOrigins)}`);
  if (tokenSecret !== undefined) return;
  if (!isLoopback(host ?? "127.0.0.1"))
    throw new TypeError(
      `options.tokenSecret must be given to listen on ${host}: others than this machine can reach that address`,
    );
  if (redis !== undefined)
    throw new TypeError("options.tokenSecret must be given with options.redis, the same on every node");
}

function checkCounts(options: ServeOptions): void {
  const rules = {
    maxSessions: { min: 1, max: 10_000, integer: true },
    maxSessionsPerKey: { min: 1, max: 10_000, integer: true },
    maxBatch: { min: 1, max: 256, integer: true },
    drainMs: { min: 0, max: 86_400_000 },
    graceMs: { min: 0, max: 3_600_000 },
    requestsPerMinute: { min: 1, max: 1_000_000, integer: true },
  } as const;
  for (const [name, rule] of Object.entries(rules)) {
    const value = options[name as keyof typeof rules];
    if (value !== undefined) checkNumber(value, `options.${name}`, rule);
  }
}

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (bare === "localhost" || bare === "::1") return true;
  return isIP(bare) === 4 && bare.startsWith("127.");
}

function checkAddress(value: string, path: string, schemes: readonly string[]): void {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !schemes.includes(url.protocol))
    throw new TypeError(`${path} must be an address that begins with ${schemes.map((s) => `${s}//`).join(" or ")}`);
}
