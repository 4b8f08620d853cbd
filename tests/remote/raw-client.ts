import { io, type Socket } from "socket.io-client";
import { REMOTE_PATHS, type ServerEvent, type ServerMessages, type WelcomeMessage } from "../../sdk/protocol/remote.js";
import { bytesOfFloats, bytesOfPcm } from "../../sdk/remote/wire/arrays.js";
import { createPacketParser } from "../../sdk/remote/wire/packet-parser.js";
import { askForSession, conditions, voice } from "./one-server.js";

/** A client that does what a test says, well-behaved or not. */
export class RawClient {
  readonly socket: Socket;
  /** Everything that came, in order. */
  readonly heard: { readonly event: string; readonly message: unknown }[] = [];
  /** Why it ended. */
  closed: string | undefined;

  constructor(url: string, auth: unknown) {
    this.socket = io(url, {
      path: REMOTE_PATHS.socket,
      transports: ["websocket"],
      parser: createPacketParser(2 ** 26),
      reconnection: false,
      forceNew: true,
      auth: auth as object,
    });
    this.socket.onAny((event: string, message: unknown) => this.heard.push({ event, message }));
    this.socket.on("disconnect", (reason) => {
      this.closed = reason;
    });
    this.socket.on("connect_error", (error) => {
      this.closed = (error as Error & { data?: { code?: string } }).data?.code ?? error.message;
    });
  }

  /** A client with a session of its own. */
  static async begin(url: string, token?: string): Promise<RawClient> {
    const { body } = await askForSession(url, {}, token);
    const client = new RawClient(body.url, { protocol: 1, formats: ["raw"], token: body.token });
    await client.next("welcome");
    return client;
  }

  get welcome(): WelcomeMessage {
    return this.all("welcome")[0]!;
  }

  all<Event extends ServerEvent>(event: Event): ServerMessages[Event][] {
    return this.heard.filter((heard) => heard.event === event).map(({ message }) => message as ServerMessages[Event]);
  }

  /** Codes of all refusals so far. */
  get refusals(): string[] {
    return this.all("refused").map(({ error }) => error.code);
  }

  /** Resolves with the `count`th message of a kind; rejects when the connection ends first. */
  async next<Event extends ServerEvent>(event: Event, count = 1): Promise<ServerMessages[Event]> {
    while (this.all(event).length < count) {
      if (this.closed !== undefined) throw new Error(`closed (${this.closed}) before ${event} ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return this.all(event)[count - 1]!;
  }

  /** Resolves with the reason when the connection has ended. */
  async end(): Promise<string> {
    while (this.closed === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
    return this.closed;
  }

  send(event: string, message: unknown): void {
    this.socket.emit(event, message);
  }

  step(seq: number, changes: object = {}): void {
    this.send("step", { ...stepMessage(seq), ...changes });
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** A step that keeps to every rule. */
export function stepMessage(seq: number) {
  const { fPu, emotion, ...rest } = conditions();
  return { seq, pcm: bytesOfPcm(voice(seq)), fPu: bytesOfFloats(fPu), emotion: bytesOfFloats(emotion), ...rest };
}
