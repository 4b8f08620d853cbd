import { randomBytes } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { EchoError } from "../../base/errors.js";
import type { Pack } from "../../pack/pack.js";
import {
  REMOTE_PROTOCOL_VERSION,
  type SessionOffer,
  type SessionRequest,
  type SessionWhereabouts,
} from "../../protocol/remote.js";
import { checkSessionRequest } from "../../protocol/remote-checks.js";
import type { NodeRegistry } from "./registry/node-registry.js";
import type { Tokens } from "./tokens.js";

/** Says who may begin a session, and where. Clients then connect straight to that node. */
export class ControlPlane {
  readonly #pack: Pack;
  readonly #registry: NodeRegistry;
  readonly #tokens: Tokens;
  readonly #limiter: RateLimiterMemory;

  constructor(options: { pack: Pack; registry: NodeRegistry; tokens: Tokens; requestsPerMinute: number }) {
    this.#pack = options.pack;
    this.#registry = options.registry;
    this.#tokens = options.tokens;
    this.#limiter = new RateLimiterMemory({ points: options.requestsPerMinute, duration: 60 });
  }

  /** Counts a request or a connection of an address. @throws EchoError "rate-exceeded" */
  async limit(address: string): Promise<void> {
    const { points } = this.#limiter;
    await this.#limiter.consume(address).catch(() => {
      throw new EchoError("rate-exceeded", { what: "requests", limit: `${points} a minute from one address` });
    });
  }

  /**
   * A place for a new session and the token for it.
   * @throws EchoError "rate-exceeded", "token-…", "protocol-mismatch", "message-invalid", "pack-differs", "avatar-not-found", "server-full"
   */
  async offerSession(request: {
    readonly body: unknown;
    readonly accessToken: string | undefined;
    readonly address: string;
  }): Promise<SessionOffer> {
    await this.limit(request.address);
    const { key } = await this.#tokens.checkAccess(request.accessToken);
    const { packHash, avatar, seed } = this.#check(request.body);
    const sessionId = randomBytes(16).toString("hex");
    const placement = await this.#registry.place({ id: sessionId, packHash });
    if ("full" in placement) throw new EchoError("server-full", { reason: placement.full });
    const token = await this.#tokens.signSession({ sessionId, node: placement.node, key, avatar, seed });
    return { sessionId, url: placement.url, token };
  }

  /** Whether a living node has the session. @throws EchoError "rate-exceeded" */
  async findSession(request: { readonly id: string; readonly address: string }): Promise<SessionWhereabouts> {
    await this.limit(request.address);
    const url = await this.#registry.find(request.id);
    return url === undefined ? { state: "lost" } : { state: "alive", url };
  }

  #check(body: unknown): SessionRequest {
    const { protocol } = (body ?? {}) as { protocol?: unknown };
    if (typeof protocol === "number" && protocol !== REMOTE_PROTOCOL_VERSION)
      throw new EchoError("protocol-mismatch", { server: REMOTE_PROTOCOL_VERSION, client: protocol });
    const wrong = checkSessionRequest(body);
    if (wrong) throw new EchoError("message-invalid", { event: "sessions", ...wrong });
    const request = body as SessionRequest;
    const { hash } = this.#pack;
    if (request.packHash !== hash)
      throw new EchoError("pack-differs", { server: hash.slice(0, 12), client: request.packHash.slice(0, 12) });
    this.#pack.avatar(request.avatar);
    return request;
  }
}
