import { EchoError } from "echo-head";
import type { WebSocket } from "ws";
import { type CompanionMessage, CREDIT, type PageMessage, type PageReport } from "./wire.js";

/** Sound and text that wait for a page at most, in bytes; a page beyond it is cut off and comes back. */
const MOST_WAITING_BYTES = 32 * 1024 * 1024;

/** What asking again does not mend: the address names something that is not there. */
const MISTAKES: readonly string[] = ["avatar-not-found", "pack-not-found"];

/** One overlay page: what it wants, what it has taken, how it is. */
export class OverlayPage {
  readonly #socket: WebSocket;
  readonly #userAgent: string;
  #visible = false;
  #active = false;
  #sound = false;
  #inFlight = 0;
  #sent = 0;
  #skipped = 0;
  #report: PageReport | undefined;

  constructor(socket: WebSocket, userAgent: string) {
    this.#socket = socket;
    this.#userAgent = userAgent;
  }

  /** True while the source is shown somewhere: in the program, a preview or a projector. */
  get seen(): boolean {
    return this.#visible;
  }

  /** For /health. */
  get health() {
    const inObs = /\bOBS\//.test(this.#userAgent);
    const { fps = 0, shown = 0, dropped = 0, jitterMs = 0 } = this.#report ?? {};
    const sent = { sent: this.#sent, skipped: this.#skipped, inFlight: this.#inFlight };
    return {
      inObs,
      visible: this.#visible,
      active: this.#active,
      sound: this.#sound,
      ...sent,
      fps,
      shown,
      dropped,
      jitterMs,
    };
  }

  /** True when the page is seen and has room for a picture; a picture that finds no room is counted. */
  wants(): boolean {
    if (!this.#visible || this.#socket.readyState !== this.#socket.OPEN) return false;
    if (this.#inFlight < CREDIT) return true;
    this.#skipped += 1;
    return false;
  }

  sendPicture(message: Uint8Array): void {
    this.#inFlight += 1;
    this.#sent += 1;
    this.#send(message);
  }

  /** Sound goes to pages that play it, seen or not: OBS mixes a hidden source that the user wants to hear. */
  sendSpeech(message: Uint8Array): void {
    if (this.#sound) this.#send(message);
  }

  tell(message: CompanionMessage): void {
    this.#send(JSON.stringify(message));
  }

  /** Says why there is no picture and keeps the connection. */
  fail(error: unknown): void {
    const code = EchoError.is(error) ? error.code : "internal";
    const message = error instanceof Error ? error.message : String(error);
    this.tell({ type: "failure", code, message, retry: !MISTAKES.includes(code) });
  }

  /** Ends the connection; the page comes back by itself. */
  lose(reason: string): void {
    this.#socket.close(1012, reason);
  }

  /** Takes a message of the page. */
  take(message: PageMessage): void {
    if (message.type === "hello") {
      this.#sound = message.sound;
      this.#visible = message.visible;
    }
    if (message.type === "ack") this.#inFlight = Math.max(this.#inFlight - 1, 0);
    if (message.type === "report") this.#report = message;
    if (message.type === "seen") {
      this.#visible = message.visible || message.active;
      this.#active = message.active;
    }
  }

  #send(data: Uint8Array | string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MOST_WAITING_BYTES) this.#socket.terminate();
    else this.#socket.send(data);
  }
}

/** Reads a text message of a page. @throws TypeError that names what is wrong */
export function readPageMessage(text: string): PageMessage {
  const message = JSON.parse(text) as Record<string, unknown> | null;
  const wrong = (rule: string): never => {
    throw new TypeError(`message ${rule}`);
  };
  if (typeof message !== "object" || message === null) return wrong("must be an object");
  const number = (key: string) =>
    Number.isFinite(message[key]) ? (message[key] as number) : wrong(`.${key} must be a finite number`);
  const flag = (key: string) =>
    typeof message[key] === "boolean" ? (message[key] as boolean) : wrong(`.${key} must be true or false`);
  const name = (key: string): string | undefined => {
    const value = message[key];
    if (value === undefined || (typeof value === "string" && value.length <= 300 && value !== "")) return value;
    return wrong(`.${key} must be a text of at most 300 characters`);
  };
  switch (message.type) {
    case "hello": {
      const [pack, avatar, remote] = [name("pack"), name("avatar"), name("remote")];
      const [version, sound, visible] = [number("version"), flag("sound"), flag("visible")];
      return { type: "hello", version, pack, avatar, remote, sound, visible };
    }
    case "ack":
      return { type: "ack", index: number("index") };
    case "seen":
      return { type: "seen", visible: flag("visible"), active: flag("active") };
    case "report": {
      const [fps, shown, dropped, jitterMs] = [number("fps"), number("shown"), number("dropped"), number("jitterMs")];
      return { type: "report", fps, shown, dropped, jitterMs };
    }
    default:
      return wrong(".type must be hello, ack, seen or report");
  }
}
