import { EchoError, reasonOf } from "../../base/errors.js";
import type { Pack } from "../../pack/pack.js";
import { type ConnectAuth, REMOTE_PROTOCOL_VERSION, type WelcomeMessage } from "../../protocol/remote.js";
import { createMessageChecks } from "../../protocol/remote-checks.js";
import { elementCount } from "../../protocol/tensor.js";
import type { PictureEncoders } from "../media/open-encoder.js";
import type { ServerMetrics } from "./metrics.js";
import type { NodeRegistry } from "./registry/node-registry.js";
import { type ServerLog, shortId } from "./server-log.js";
import { RemoteSession, type SessionLink } from "./session.js";
import type { Renderer } from "./start-renderer.js";
import type { SessionClaims } from "./tokens.js";

/** What a {@link SessionHouse} needs. */
export type SessionHouseOptions = {
  readonly pack: Pack;
  readonly renderer: Renderer;
  readonly encoders: PictureEncoders;
  readonly registry: NodeRegistry;
  readonly metrics: ServerMetrics;
  readonly log: ServerLog;
  readonly maxSessions: number;
  readonly maxSessionsPerKey: number;
  readonly graceMs: number | undefined;
  readonly blocksPerS: number;
};

/** The sessions of one node: lets them in, finds them again, ends them. */
export class SessionHouse {
  readonly #options: SessionHouseOptions;
  readonly #sessions = new Map<string, RemoteSession>();
  readonly #check: ReturnType<typeof createMessageChecks>;
  /** Sessions that are being opened. */
  #opening = 0;
  #draining = false;
  #emptied: (() => void) | undefined;

  constructor(options: SessionHouseOptions) {
    this.#options = options;
    const { clock, behaviour } = options.pack.manifest;
    const size = (stage: "gca" | "text-encoder", output: string) =>
      elementCount(behaviour[stage].outputs[output]!.shape.slice(1) as number[]);
    this.#check = createMessageChecks({
      pcm: clock.blockFrames * clock.samplesPerFrame,
      fPu: size("gca", "f_pu"),
      emotion: size("text-encoder", "emotion"),
    });
  }

  /** Sessions, those without a connection included. */
  get size(): number {
    return this.#sessions.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * A new session for a client whose token was used up.
   * @throws EchoError "server-full", "server-draining", "rate-exceeded", "video-unusable", "avatar-not-found"
   */
  async begin(claims: SessionClaims, auth: ConnectAuth, link: SessionLink) {
    const { metrics, registry, log } = this.#options;
    const { sessionId: id } = claims;
    this.#opening += 1;
    try {
      this.#checkRoom(claims.key);
      const session = await this.#open(claims);
      this.#sessions.set(id, session);
      await registry.began(id).catch((error) => log("warning", "registry", { reason: reasonOf(error) }));
      try {
        const welcome = await this.#welcome(session, auth, link, false);
        metrics.sessionBegun();
        log("info", "session-begun", { session: shortId(id), format: welcome.format, sessions: this.size });
        return { session, welcome };
      } catch (error) {
        session.end();
        throw error;
      }
    } catch (error) {
      // Its reserved place is free again.
      registry.ended(id).catch((trouble) => log("warning", "registry", { reason: reasonOf(trouble) }));
      throw error;
    } finally {
      this.#opening -= 1;
      this.#count();
    }
  }

  /** The session of a client that comes back. @throws EchoError "session-lost", "token-invalid", "video-unusable" */
  async resume(auth: ConnectAuth, link: SessionLink) {
    const { sessionId, token } = auth.resume!;
    const session = this.#sessions.get(sessionId);
    if (session === undefined) throw new EchoError("session-lost", { server: "the server", reason: "it is over" });
    if (!session.mayResume(token)) throw new EchoError("token-invalid", { reason: "it does not resume this session" });
    const welcome = await this.#welcome(session, auth, link, true);
    this.#options.metrics.sessionResumed();
    this.#options.log("info", "session-resumed", { session: shortId(sessionId) });
    this.#count();
    return { session, welcome };
  }

  /** A connection of a session is gone. */
  left(session: RemoteSession, link: SessionLink, reason: string): void {
    session.detach(link);
    this.#options.log("info", "client-left", { session: shortId(session.id), reason });
    this.#count();
  }

  /** Ends every session. */
  endAll(reason: EchoError): void {
    for (const session of [...this.#sessions.values()]) session.end(reason);
  }

  /** Lets nobody in any more; resolves when everybody has left, or after `waitMs`. */
  async drain(waitMs: number): Promise<void> {
    this.#draining = true;
    for (const session of this.#sessions.values()) session.announceDrain(waitMs);
    if (this.#sessions.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endAll(new EchoError("server-draining", { server: "the server" }));
  }

  #checkRoom(key: string): void {
    const { maxSessions, maxSessionsPerKey } = this.#options;
    if (this.#draining) throw new EchoError("server-draining", { server: "the server" });
    if (this.#sessions.size + this.#opening > maxSessions)
      throw new EchoError("server-full", { reason: `${this.#sessions.size} of ${maxSessions} sessions` });
    const own = [...this.#sessions.values()].filter((session) => session.key === key).length;
    if (own >= maxSessionsPerKey)
      throw new EchoError("rate-exceeded", { what: "sessions", limit: `${maxSessionsPerKey} at a time for one key` });
  }

  async #open({ sessionId: id, key, avatar, seed }: SessionClaims): Promise<RemoteSession> {
    const { pack, renderer, encoders, metrics, log, blocksPerS, graceMs } = this.#options;
    const size = await renderer.api.open(id, { avatar, seed });
    return new RemoteSession({
      id,
      key,
      size,
      renderer: renderer.api,
      sizeOf: (other) => pack.avatar(other).resolution,
      check: this.#check,
      openEncoder: async (formats, hardware) => encoders.open(formats, { ...size, hardware }),
      blocksPerS,
      observer: {
        blockSent: (sent) => metrics.blockSent(sent),
        picturesDropped: (blocks) => metrics.picturesDropped(blocks),
        refused: (code) => {
          metrics.refused(code);
          log("info", "refused", { session: shortId(id), code });
        },
        failed: (reason) => log("error", "session-failed", { session: shortId(id), reason }),
      },
      nowMs: () => performance.now(),
      onEnd: (ended) => this.#ended(ended),
      graceMs,
    });
  }

  async #welcome(
    session: RemoteSession,
    auth: ConnectAuth,
    link: SessionLink,
    resumed: boolean,
  ): Promise<WelcomeMessage> {
    const { pack, renderer } = this.#options;
    return {
      protocol: REMOTE_PROTOCOL_VERSION,
      packHash: pack.hash,
      backend: renderer.report.backend,
      resumed,
      ...(await session.attach(link, auth.formats)),
    };
  }

  #ended(session: RemoteSession): void {
    const { registry, log } = this.#options;
    this.#sessions.delete(session.id);
    registry.ended(session.id).catch((error) => log("warning", "registry", { reason: reasonOf(error) }));
    log("info", "session-ended", { session: shortId(session.id), sessions: this.size });
    this.#count();
    if (this.size === 0) this.#emptied?.();
  }

  #count(): void {
    const connected = [...this.#sessions.values()].filter((session) => session.connected).length;
    this.#options.metrics.setSessions(connected, this.size - connected);
  }
}
