import {
  type CompanionMessage,
  OVERLAY_VERSION,
  type PageHello,
  type PageMessage,
  type PictureMessage,
  readBinary,
  type SpeechMessage,
} from "../wire.js";

/** What comes from the companion. */
export type ConnectionEvents = {
  onMessage(message: CompanionMessage | PictureMessage | SpeechMessage): void;
  /** Connected or not; `retryMs` says when it is tried again. */
  onLink(connected: boolean, retryMs?: number): void;
};

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8_000;

/** A WebSocket to the companion that comes back by itself, each time after a longer wait with a random part. */
export class Connection {
  readonly #url: string;
  readonly #hello: () => Omit<PageHello, "type" | "version">;
  readonly #events: ConnectionEvents;
  #socket: WebSocket | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(options: { url: string; hello: () => Omit<PageHello, "type" | "version">; events: ConnectionEvents }) {
    this.#url = options.url;
    this.#hello = options.hello;
    this.#events = options.events;
    this.#open();
  }

  send(message: PageMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      this.send({ type: "hello", version: OVERLAY_VERSION, ...this.#hello() });
      this.#events.onLink(true);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.#retryMs = FIRST_RETRY_MS; // it answers: the next loss is a new one
      this.#events.onMessage(typeof data === "string" ? (JSON.parse(data) as CompanionMessage) : readBinary(data));
    };
    socket.onclose = () => {
      const waitMs = this.#retryMs * (0.75 + 0.5 * Math.random());
      this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
      this.#events.onLink(false, waitMs);
      setTimeout(() => this.#open(), waitMs);
    };
  }
}
