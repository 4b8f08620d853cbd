import { EchoError, reasonOf } from "../../base/errors.js";
import {
  type ConnectAuth,
  REMOTE_PROTOCOL_VERSION,
  RESUME_GRACE_MS,
  type ServerMessages,
  type VideoFormat,
  type WelcomeMessage,
} from "../../protocol/remote.js";
import { Connection, type ConnectionListener } from "./connection.js";
import { findSession, type RemoteServers, requestSession } from "./control-plane.js";

/** What a keeper tells. */
export type KeeperListener = {
  readonly block: (message: ServerMessages["block"]) => void;
  readonly done: (message: ServerMessages["done"]) => void;
  readonly refused: (message: ServerMessages["refused"]) => void;
  /** The line broke; it is being tried again. */
  readonly lost: (error: EchoError) => void;
  /** There is a line, to the same session or to a new one. */
  readonly begun: (welcome: WelcomeMessage) => void;
  /** It is given up. */
  readonly failed: (error: EchoError) => void;
  /** Something that the agent should tell, while it goes on. */
  readonly trouble: (error: EchoError) => void;
};

/** What a {@link SessionKeeper} needs. */
export type SessionKeeperOptions = {
  readonly servers: RemoteServers;
  readonly packHash: string;
  readonly avatar: string;
  readonly seed: number;
  readonly formats: readonly VideoFormat[];
  readonly listener: KeeperListener;
};

/** A connection, whose it is, and where to. */
type Line = { readonly connection: Connection; readonly ticket: object; readonly url: string };

/** Pauses between two tries, in ms; the last one repeats. */
const PAUSES_MS = [0, 200, 500, 1_000];
/** For so long a new session is looked for when the old one is lost, in ms. */
const GIVE_UP_MS = 60_000;
/** Refusals that another try will not change. */
const FINAL = new Set([
  "protocol-mismatch",
  "pack-differs",
  "token-invalid",
  "token-expired",
  "avatar-not-found",
  "video-unusable",
]);

/** Keeps one session on some server: resumes it when the line breaks, begins another one when it is gone. */
export class SessionKeeper {
  /** The avatar of a session that is begun anew. */
  avatar: string;
  readonly #options: SessionKeeperOptions;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #leaving = false;
  #moving: Promise<void> | undefined;
  #failure: EchoError | undefined;
  /** Whose messages are heard: a broken connection's late ones must not be, nor those of one that was not taken. */
  #heard: object | undefined;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    this.avatar = options.avatar;
  }

  /** The line, when there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** True when the node goes down and the session should move. */
  get leaving(): boolean {
    return this.#leaving && this.#connection !== undefined;
  }

  /** Why it was given up. */
  get failure(): EchoError | undefined {
    return this.#failure;
  }

  /** The first session; fails with what the server says. */
  async begin(): Promise<WelcomeMessage> {
    const line = await this.#openNew();
    this.#connection = line.connection;
    this.#heard = line.ticket;
    return line.connection.welcome;
  }

  /** Moves to another node, if there is one; the head begins anew there. */
  move(): Promise<void> {
    this.#moving ??= this.#move().finally(() => {
      this.#moving = undefined;
    });
    return this.#moving;
  }

  /** Ends the session. */
  dispose(): void {
    this.#stop.abort();
    this.#heard = undefined;
    this.#connection?.send("end", {});
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #move(): Promise<void> {
    this.#leaving = false;
    const old = this.#connection;
    try {
      const next = await this.#openNew();
      if (this.#connection !== old) {
        next.connection.close(); // the line broke meanwhile and is being mended
        return;
      }
      old?.send("end", {});
      old?.close();
      this.#take(next);
    } catch {
      // There is no other node: the session stays until this one is down, and is then looked for again.
    }
  }

  async #openNew(): Promise<Line> {
    const { servers, packHash, seed, formats } = this.#options;
    const request = { protocol: REMOTE_PROTOCOL_VERSION, packHash, avatar: this.avatar, seed };
    const offer = await requestSession(servers, request, this.#stop.signal);
    const auth = { protocol: REMOTE_PROTOCOL_VERSION, formats, token: offer.token };
    return this.#open(offer.url, auth);
  }

  async #open(url: string, auth: ConnectAuth): Promise<Line> {
    const ticket = {};
    return { ticket, url, connection: await Connection.open(url, auth, this.#listen(url, ticket)) };
  }

  #listen(url: string, ticket: object): ConnectionListener {
    const { listener } = this.#options;
    const ifNow =
      <Message>(hear: (message: Message) => void) =>
      (message: Message): void => {
        if (ticket === this.#heard) hear(message);
      };
    let reason: EchoError | undefined;
    return {
      block: ifNow(listener.block),
      done: ifNow(listener.done),
      refused: ifNow((message) => {
        if (message.seq === undefined) reason = EchoError.fromEnvelope(message.error);
        listener.refused(message);
      }),
      draining: ifNow(() => {
        this.#leaving = true;
        listener.trouble(new EchoError("server-draining", { server: url }));
      }),
      closed: ifNow((why: string) => void this.#mend(url, reason?.message ?? why)),
    };
  }

  async #mend(url: string, why: string): Promise<void> {
    const lost = this.#connection;
    this.#connection = undefined;
    this.#leaving = false;
    if (lost === undefined) return;
    this.#options.listener.lost(new EchoError("connection-lost", { server: url, reason: why }));
    try {
      const resumed = await this.#resume(url, lost.welcome);
      this.#take(resumed ?? (await this.#beginAgain(url)));
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#failure = EchoError.is(error)
        ? error
        : new EchoError("server-unreachable", { server: url, reason: reasonOf(error), cause: error });
      this.#options.listener.failed(this.#failure);
    }
  }

  #take({ connection, ticket, url }: Line): void {
    if (this.#stop.signal.aborted) {
      connection.close();
      return;
    }
    this.#connection = connection;
    this.#heard = ticket;
    if (connection.ended) void this.#mend(url, "it broke at once");
    else this.#options.listener.begun(connection.welcome);
  }

  /** The same session again; undefined when it is gone. */
  async #resume(url: string, { sessionId, resumeToken, graceMs }: WelcomeMessage): Promise<Line | undefined> {
    const { formats, servers } = this.#options;
    const untilMs = performance.now() + (graceMs || RESUME_GRACE_MS);
    for (let attempt = 0; performance.now() < untilMs; attempt++) {
      await this.#pause(attempt);
      try {
        const auth = { protocol: REMOTE_PROTOCOL_VERSION, formats, resume: { sessionId, token: resumeToken } };
        return await this.#open(url, auth);
      } catch (error) {
        this.#stop.signal.throwIfAborted();
        if (!EchoError.is(error) || error.code !== "server-unreachable") return undefined; // refused: it is gone
      }
      // The node does not answer. Another one may know that it is dead; if nobody answers, the line is down.
      const found = await findSession(servers, sessionId, this.#stop.signal).catch(() => undefined);
      this.#stop.signal.throwIfAborted();
      if (found?.state === "lost") return undefined;
    }
    return undefined;
  }

  async #beginAgain(url: string): Promise<Line> {
    this.#options.listener.trouble(new EchoError("session-lost", { server: url, reason: "it could not be resumed" }));
    const untilMs = performance.now() + GIVE_UP_MS;
    for (let attempt = 0; ; attempt++) {
      await this.#pause(attempt);
      try {
        return await this.#openNew();
      } catch (error) {
        this.#stop.signal.throwIfAborted();
        if (!EchoError.is(error) || FINAL.has(error.code) || performance.now() > untilMs) throw error;
      }
    }
  }

  #pause(attempt: number): Promise<void> {
    const { signal } = this.#stop;
    const ms = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]! * (0.8 + 0.4 * Math.random()); // not all clients at once
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", end);
        resolve();
      }, ms);
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
  }
}
