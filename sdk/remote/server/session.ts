import { EchoError, reasonOf } from "../../base/errors.js";
import { SerialQueue } from "../../base/serial-queue.js";
import {
  type ClientEvent,
  type ClientMessages,
  CREDIT_WINDOW,
  MAX_VIOLATIONS,
  MAX_WAITING_OPERATIONS,
  OPERATIONS,
  RESUME_GRACE_MS,
  type ServerEvent,
  type ServerMessages,
  type StepMessage,
  type VideoFormat,
} from "../../protocol/remote.js";
import type { createMessageChecks, Violation } from "../../protocol/remote-checks.js";
import type { RendererWorkerApi } from "../../protocol/renderer-worker.js";
import { transferArrays } from "../../runtime/transfer.js";
import type { PictureEncoder } from "../media/picture-encoder.js";
import { floatsOfBytes, pcmOfBytes } from "../wire/arrays.js";
import { Outbox } from "./outbox.js";
import { TokenBucket } from "./token-bucket.js";
import { createResumeToken, sameToken } from "./tokens.js";

/** One connection, as a session sees it. */
export interface SessionLink {
  send<Event extends ServerEvent>(event: Event, message: ServerMessages[Event]): void;
  close(): void;
}

/** Told of what goes on in a session; it holds no user content. */
export type SessionObserver = {
  blockSent(block: { readonly bytes: number; readonly tookMs: number }): void;
  picturesDropped(blocks: number): void;
  refused(code: string): void;
  /** A failure that is neither the client's nor typed: ours. */
  failed(reason: string): void;
};

/** What a {@link RemoteSession} needs. */
export type RemoteSessionOptions = {
  readonly id: string;
  /** Who it belongs to. */
  readonly key: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly renderer: RendererWorkerApi;
  /** Pixels of an avatar's pictures. Throws EchoError `avatar-not-found`. */
  readonly sizeOf: (avatar: string) => { readonly width: number; readonly height: number };
  readonly check: ReturnType<typeof createMessageChecks>;
  /**
   * Makes an encoder for the first of the formats that works here, on the graphics card unless `hardware` is false. Throws EchoError
   * `video-unusable`.
   */
  readonly openEncoder: (formats: readonly VideoFormat[], hardware: boolean) => Promise<PictureEncoder>;
  /** Blocks a second that the clock of the pack asks for: 6.25. */
  readonly blocksPerS: number;
  readonly observer: SessionObserver;
  readonly nowMs: () => number;
  /** Called once, when it is over. */
  readonly onEnd: (session: RemoteSession) => void;
  /** @default RESUME_GRACE_MS */
  readonly graceMs?: number | undefined;
};

/** A client may run ahead of its clock by this much: the blocks of its lead, and of a stall that it catches up with. */
const RATE_ALLOWANCE = 1.25;
const RATE_BURST = 16;
/** Messages a second that are no steps. */
const OTHER_MESSAGES_PER_S = 50;

/**
 * One head of one client. It outlives its connections: a client that comes back in time finds the head where it left it. Bounds:
 * MAX_WAITING_OPERATIONS operations that wait, and what {@link Outbox} holds.
 */
export class RemoteSession {
  readonly id: string;
  readonly key: string;
  readonly #options: RemoteSessionOptions;
  readonly #operations = new SerialQueue("the session");
  readonly #outbox: Outbox;
  readonly #pace: TokenBucket;
  readonly #others = new TokenBucket({ ratePerS: OTHER_MESSAGES_PER_S, burst: OTHER_MESSAGES_PER_S });
  #link: SessionLink | undefined;
  /** What the client can decode, best first. */
  #formats: readonly VideoFormat[] = [];
  #resumeToken = createResumeToken();
  #emotion: Float32Array | undefined;
  #lastSeq = 0;
  #violations = 0;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(options: RemoteSessionOptions) {
    this.id = options.id;
    this.key = options.key;
    this.#options = options;
    this.#pace = new TokenBucket({ ratePerS: options.blocksPerS * RATE_ALLOWANCE, burst: RATE_BURST });
    this.#outbox = new Outbox({
      nowMs: options.nowMs,
      onSent: (sent) => options.observer.blockSent(sent),
      onDropped: () => options.observer.picturesDropped(1),
      onEncoderFailed: (encoder, error) => this.#encoderFailed(encoder, error),
    });
    this.#startGrace();
  }

  /** True while a client is connected. */
  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** The last operation that was taken. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** True for the token that the last welcome gave out. */
  mayResume(token: string): boolean {
    return !this.#ended && sameToken(token, this.#resumeToken);
  }

  /** Takes a connection; one that is still there is closed. Gives the session's part of the welcome. */
  async attach(link: SessionLink, formats: readonly VideoFormat[]) {
    const encoder = await this.#options.openEncoder(formats, true);
    if (this.#ended) {
      encoder.dispose();
      throw new EchoError("session-lost", { server: "the server", reason: "it has just ended" });
    }
    clearTimeout(this.#grace);
    this.#link?.close();
    this.#link = link;
    this.#formats = formats;
    this.#outbox.open({ encoder, send: (block) => link.send("block", block) });
    this.#resumeToken = createResumeToken();
    this.#violations = 0;
    return {
      sessionId: this.id,
      resumeToken: this.#resumeToken,
      lastSeq: this.#lastSeq,
      ...this.#options.size,
      format: encoder.format,
      window: CREDIT_WINDOW,
      graceMs: this.#options.graceMs ?? RESUME_GRACE_MS,
    };
  }

  /** A connection is gone. The session waits for another one. */
  detach(link: SessionLink): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#outbox.close();
    this.#startGrace();
  }

  /** A message of the client, unchecked. Never throws. */
  receive(link: SessionLink, event: string, message: unknown): void {
    if (this.#link !== link || this.#ended) return;
    const wrong = isClientEvent(event)
      ? (this.#options.check(event, message) ?? this.#accept(event, message as never))
      : { path: "event", rule: "is none that a server takes" };
    if (wrong === undefined) return;
    const seq = seqOf(message);
    // The client's next operation has the next number, whatever became of this one.
    if (isOperation(event) && seq === this.#lastSeq + 1) this.#lastSeq = seq;
    this.#refuse(new EchoError("message-invalid", { event: event.slice(0, 32), ...wrong }), seq);
    if (++this.#violations > MAX_VIOLATIONS) this.#disconnect();
  }

  /** Tells the client that the node goes down. */
  announceDrain(deadlineMs: number): void {
    this.#link?.send("draining", { deadlineMs });
  }

  /** Ends it for good: the head is let go, and the client, if there is one, hears why. */
  end(reason?: EchoError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#grace);
    if (reason) this.#refuse(reason);
    this.#link?.close();
    this.#link = undefined;
    this.#outbox.close();
    void this.#operations.dispose();
    this.#options.renderer.close(this.id).catch(() => {}); // a renderer that died has let it go already
    this.#options.onEnd(this);
  }

  /** A message that keeps to its schema: does it, or says which rule of order it breaks. */
  #accept(event: ClientEvent, message: ClientMessages[ClientEvent]): Violation | undefined {
    if (isOperation(event)) return this.#acceptOperation(event, message as ClientMessages[typeof event]);
    if (!this.#mayTake()) return undefined;
    if (event === "ack") {
      const { seq } = message as ClientMessages["ack"];
      const { lastSent } = this.#outbox;
      if (seq > lastSent) return { path: "seq", rule: `must be at most ${lastSent}, the last block` };
      this.#outbox.acknowledge(seq);
    } else if (event === "keyframe") this.#outbox.wantKey();
    else if (event === "formats") void this.#changeFormat((message as ClientMessages["formats"]).formats);
    else this.end();
    return undefined;
  }

  #acceptOperation(event: Operation, message: ClientMessages[Operation]): Violation | undefined {
    const { seq } = message;
    if (seq !== this.#lastSeq + 1) return { path: "seq", rule: `must be ${this.#lastSeq + 1}` };
    if (this.#operations.pending >= MAX_WAITING_OPERATIONS) {
      this.#flood("operations", `${MAX_WAITING_OPERATIONS} may wait`, seq);
      return undefined;
    }
    if (event !== "step" && !this.#mayTake(seq)) return undefined;
    this.#lastSeq = seq;
    // It answers by itself; what is rejected here is what waited when the session ended.
    this.#operations.run(() => this.#operate(event, message)).catch(() => {});
    return undefined;
  }

  /** Counts a message that is no step; one too many ends the connection. */
  #mayTake(seq?: number): boolean {
    const within = this.#others.tryTake(this.#options.nowMs());
    if (!within) this.#flood("messages", `${OTHER_MESSAGES_PER_S} a second are allowed`, seq);
    return within;
  }

  /** Blocks, and faces that are loaded, come at the pace of the clock. */
  async #awaitTurn(): Promise<void> {
    const pauseMs = this.#pace.take(this.#options.nowMs());
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }

  async #operate(event: Operation, message: ClientMessages[Operation]): Promise<void> {
    const { renderer } = this.#options;
    const { seq } = message;
    try {
      if (event === "step") {
        await this.#step(message as StepMessage);
        return;
      }
      if (event === "prime") {
        await renderer.prime(this.id, transferArrays({ pcm: pcmOfBytes((message as ClientMessages["prime"]).pcm) }));
      } else if (event === "rewind") {
        const { blocks, pcm } = message as ClientMessages["rewind"];
        await renderer.rewind(this.id, transferArrays({ blocks, pcm: pcmOfBytes(pcm) }));
      } else if (event === "avatar") {
        await this.#setAvatar((message as ClientMessages["avatar"]).id);
      } else {
        await renderer.reset(this.id);
      }
      this.#link?.send("done", { seq });
    } catch (error) {
      if (this.#ended) return;
      if (!EchoError.is(error) && !(error instanceof TypeError)) this.#options.observer.failed(reasonOf(error));
      this.#refuse(typedError(error, event), seq);
    }
  }

  async #step(message: StepMessage): Promise<void> {
    const { renderer, nowMs } = this.#options;
    const { seq, sdcm, lau, expressivity, pictures, steps } = message;
    const sinceMs = nowMs();
    await this.#awaitTurn();
    if (message.emotion) this.#emotion = floatsOfBytes(message.emotion);
    if (this.#emotion === undefined)
      throw new EchoError("message-invalid", { event: "step", path: "emotion", rule: "must be in the first step" });
    const pcm = pcmOfBytes(message.pcm);
    const fPu = floatsOfBytes(message.fPu);
    const input = { pcm, fPu, emotion: this.#emotion.slice(), sdcm, lau, expressivity, pictures, steps };
    const output = await renderer.step(this.id, transferArrays(input));
    if (this.#link) this.#outbox.push({ seq, output, sinceMs });
  }

  async #setAvatar(avatar: string): Promise<void> {
    const { renderer, sizeOf, size } = this.#options;
    const { width, height } = sizeOf(avatar);
    if (width !== size.width || height !== size.height)
      throw new EchoError("message-invalid", {
        event: "avatar",
        path: "id",
        rule: `must be an avatar of ${size.width} x ${size.height} pixels, or begin another session`,
      });
    await this.#awaitTurn();
    await renderer.setAvatar(this.id, avatar);
  }

  async #changeFormat(formats: readonly VideoFormat[], hardware = true): Promise<void> {
    this.#formats = formats;
    try {
      this.#outbox.useEncoder(await this.#options.openEncoder(formats, hardware));
    } catch (error) {
      this.end(typedError(error, "formats"));
    }
  }

  /** A graphics card encodes a few streams only: those beyond it go on without. Any other encoder gives way to the client's next format. */
  async #encoderFailed({ format, hardware }: PictureEncoder, error: unknown): Promise<void> {
    if (hardware) return this.#changeFormat(this.#formats, false);
    this.#refuse(new EchoError("video-unusable", { reason: `${format}: ${reasonOf(error)}` }));
    await this.#changeFormat(this.#formats.filter((other) => other !== format));
  }

  #flood(what: string, limit: string, seq?: number): void {
    this.#refuse(new EchoError("rate-exceeded", { what, limit }), seq);
    this.#disconnect();
  }

  #refuse(error: EchoError, seq?: number): void {
    this.#options.observer.refused(error.code);
    const { code, stage, recoverable, message } = error; // no cause: it may speak of this machine
    this.#link?.send("refused", { seq, error: { code, stage, recoverable, message } });
  }

  #disconnect(): void {
    const link = this.#link;
    if (link === undefined) return;
    link.close();
    this.detach(link);
  }

  #startGrace(): void {
    clearTimeout(this.#grace);
    if (this.#ended) return;
    this.#grace = setTimeout(() => this.end(), this.#options.graceMs ?? RESUME_GRACE_MS);
    this.#grace.unref?.();
  }
}

type Operation = (typeof OPERATIONS)[number];

function isClientEvent(event: string): event is ClientEvent {
  return isOperation(event) || ["ack", "formats", "keyframe", "end"].includes(event);
}

function isOperation(event: string): event is Operation {
  return (OPERATIONS as readonly string[]).includes(event);
}

function seqOf(message: unknown): number | undefined {
  const seq = (message as { seq?: unknown } | null | undefined)?.seq;
  return Number.isInteger(seq) && (seq as number) >= 0 && (seq as number) < 2 ** 31 ? (seq as number) : undefined;
}

/** What a client may know of a failure: a mistake of its own, or what the renderer said. */
function typedError(error: unknown, event: string): EchoError {
  if (EchoError.is(error)) return error;
  if (error instanceof TypeError)
    return new EchoError("message-invalid", { event, path: "message", rule: error.message });
  return new EchoError("graph-run-failed", { graph: event, reason: "the server failed" });
}
