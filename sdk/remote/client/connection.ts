import { io, type Socket } from "socket.io-client";
import { EchoError, type ErrorEnvelope, isErrorCode, reasonOf } from "../../base/errors.js";
import {
  type ClientEvent,
  type ClientMessages,
  type ConnectAuth,
  MAX_SERVER_MESSAGE_BYTES,
  REMOTE_PATHS,
  type ServerMessages,
  type WelcomeMessage,
} from "../../protocol/remote.js";
import { createServerMessageChecks } from "../../protocol/remote-checks.js";
import { createPacketParser } from "../wire/packet-parser.js";

const check = createServerMessageChecks();
/** Time from the first try to the welcome, in ms: opening a session loads an avatar. */
const WELCOME_MS = 20_000;

/** What a connection tells its owner. After `closed` nothing else comes. */
export type ConnectionListener = {
  [Event in Exclude<keyof ServerMessages, "welcome">]: (message: ServerMessages[Event]) => void;
} & { closed: (reason: string) => void };

/** One socket to one node, from its welcome to its end. */
export class Connection {
  readonly welcome: WelcomeMessage;
  readonly #socket: Socket;

  private constructor(socket: Socket, welcome: WelcomeMessage) {
    this.#socket = socket;
    this.welcome = welcome;
  }

  /** @throws EchoError what the server refused with, or "server-unreachable" */
  static open(url: string, auth: ConnectAuth, listener: ConnectionListener): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = io(url, {
        path: REMOTE_PATHS.socket,
        transports: ["websocket"],
        parser: createPacketParser(MAX_SERVER_MESSAGE_BYTES),
        reconnection: false,
        forceNew: true,
        timeout: WELCOME_MS,
        auth,
      });
      let refusal: EchoError | undefined;
      const fail = (error: EchoError): void => {
        clearTimeout(late);
        socket.off();
        socket.disconnect();
        reject(refusal ?? error);
      };
      const unreachable = (reason: string, cause?: unknown) =>
        new EchoError("server-unreachable", { server: url, reason, cause });
      const late = setTimeout(() => fail(unreachable(`no welcome within ${WELCOME_MS} ms`)), WELCOME_MS);
      socket.on("connect_error", (error) => {
        const { data } = error as Error & { data?: ErrorEnvelope };
        fail(isErrorCode(data?.code) ? EchoError.fromEnvelope(data!) : unreachable(reasonOf(error), error));
      });
      socket.on("disconnect", (reason) => fail(unreachable(reason)));
      socket.on("refused", (message: Partial<ServerMessages["refused"]> | undefined) => {
        const error = message?.error;
        if (error && isErrorCode(error.code)) refusal = EchoError.fromEnvelope(error);
      });
      socket.once("welcome", (welcome: WelcomeMessage) => {
        const wrong = check("welcome", welcome);
        if (wrong) {
          fail(unreachable(`its welcome is wrong at ${wrong.path}: ${wrong.rule}`));
          return;
        }
        clearTimeout(late);
        socket.off();
        for (const event of ["block", "done", "refused", "draining"] as const)
          socket.on(event, (message: unknown) => {
            const broken = check(event, message);
            if (broken === undefined) listener[event](message as never);
            else listener.refused({ error: new EchoError("message-invalid", { event, ...broken }).toEnvelope() });
          });
        socket.on("disconnect", (reason) => {
          socket.off();
          listener.closed(reason);
        });
        resolve(new Connection(socket, welcome));
      });
    });
  }

  send<Event extends ClientEvent>(event: Event, message: ClientMessages[Event]): void {
    this.#socket.emit(event, message);
  }

  /** True when it has ended, by itself or by a call. */
  get ended(): boolean {
    return !this.#socket.connected;
  }

  /** Ends it from this side; `closed` is not told. */
  close(): void {
    this.#socket.off();
    this.#socket.disconnect();
  }

  /** Ends it as a broken line would: `closed` is told. */
  drop(): void {
    this.#socket.disconnect();
  }
}
