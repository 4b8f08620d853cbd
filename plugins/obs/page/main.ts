import type { CompanionMessage, PictureMessage, SpeechMessage } from "../wire.js";
import { CompanionTime } from "./companion-time.js";
import { Connection } from "./connection.js";
import { type PageOptions, readOptions } from "./options.js";
import { PictureQueue } from "./picture-queue.js";
import { Stage } from "./stage.js";
import { Voice } from "./voice.js";

/** A head without a new picture for so long fades out, in ms: soon when the companion is gone, late when it is only slow. */
const GONE_MS = 2_000;
const SLOW_MS = 10_000;
/** How often the companion hears how the page is doing, in ms. */
const REPORT_EVERY_MS = 1_000;
/** How long after a failure that may pass the page asks again, in ms. */
const ASK_AGAIN_MS = 5_000;

/** What obs-browser puts into its pages. */
const OBS = (globalThis as { obsstudio?: { readonly pluginVersion: string } }).obsstudio;

/** The overlay page: takes pictures and speech from the companion and shows and plays them on one clock. */
class Overlay {
  readonly #stage: Stage;
  readonly #voice: Voice | undefined;
  readonly #connection: Connection;
  readonly #time = new CompanionTime();
  readonly #queue = new PictureQueue();
  readonly #captions = new Map<string, string>();
  #delayMs = 0;
  #connected = false;
  #visible = !document.hidden;
  #active = !document.hidden;
  #shown = 0;
  #shownMs = Number.NEGATIVE_INFINITY;
  #reported = { atMs: performance.now(), shown: 0, fps: 0 };
  #status = "connecting";

  constructor(options: PageOptions) {
    const { pack, avatar, remote, sound } = options;
    this.#stage = new Stage(options);
    this.#voice = sound ? new Voice() : undefined;
    const url = new URL("/stream", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#connection = new Connection({
      url: url.href,
      hello: () => ({ pack, avatar, remote, sound, visible: this.#visible || this.#active }),
      events: {
        onMessage: (message) => this.#take(message),
        onLink: (connected, retryMs) => this.#linked(connected, retryMs),
      },
    });
    this.#followObs();
    setInterval(() => this.#report(), REPORT_EVERY_MS);
    const draw = () => {
      this.#draw();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  #take(message: CompanionMessage | PictureMessage | SpeechMessage): void {
    if ("kind" in message) {
      const nowMs = performance.now();
      this.#time.note(message.sentMs, nowMs);
      if (message.kind === "speech") {
        this.#voice?.play(message, message.startMs + this.#delayMs - this.#time.at(nowMs));
        return;
      }
      this.#queue.push(message);
      this.#connection.send({ type: "ack", index: message.index });
      return;
    }
    switch (message.type) {
      case "head":
        this.#time.reset();
        this.#queue.clear();
        this.#delayMs = message.delayMs;
        this.#status = `${message.pack}/${message.avatar}`;
        return;
      case "caption":
        this.#captions.set(message.utterance, message.text);
        return;
      case "started":
        this.#later(() => this.#stage.caption(this.#captions.get(message.utterance) ?? ""));
        return;
      case "finished":
        this.#captions.delete(message.utterance);
        this.#later(() => this.#stage.caption(""));
        return;
      case "cancel":
        this.#voice?.cancel(message.utterance, message.atMs + this.#delayMs - this.#time.at(performance.now()));
        return;
      case "failure":
        if (message.code === "reload") {
          location.reload();
          return;
        }
        this.#status = `${message.code}: ${message.message}`;
        console.error(`echo-head overlay: ${message.message} [${message.code}]`);
        if (message.retry) setTimeout(() => this.#seen(), ASK_AGAIN_MS);
    }
  }

  /** Texts keep step with the delayed sound. */
  #later(act: () => void): void {
    setTimeout(act, this.#delayMs);
  }

  #linked(connected: boolean, retryMs = 0): void {
    this.#connected = connected;
    if (connected) {
      this.#status = "waiting for the head";
      return;
    }
    if (this.#status !== "no companion")
      console.error("echo-head overlay: no companion; trying again until it is there");
    this.#status = "no companion";
    this.#stage.note(`next try in ${Math.round(retryMs)} ms`);
    this.#voice?.stop();
    this.#stage.caption("");
  }

  /** OBS tells when the source is shown and when it is on air; elsewhere the tab tells. */
  #followObs(): void {
    addEventListener("obsSourceVisibleChanged", (event) => {
      this.#visible = (event as CustomEvent<{ visible: boolean }>).detail.visible;
      this.#seen();
    });
    addEventListener("obsSourceActiveChanged", (event) => {
      this.#active = (event as CustomEvent<{ active: boolean }>).detail.active;
      this.#seen();
    });
    document.addEventListener("visibilitychange", () => {
      this.#visible = !document.hidden;
      if (OBS === undefined) this.#active = this.#visible;
      this.#seen();
    });
  }

  #seen(): void {
    this.#connection.send({ type: "seen", visible: this.#visible, active: this.#active });
  }

  #draw(): void {
    const nowMs = performance.now();
    const picture = this.#time.known ? this.#queue.take(this.#time.at(nowMs) - this.#delayMs) : undefined;
    if (picture !== undefined) {
      this.#stage.show(picture);
      this.#shown += 1;
      this.#shownMs = nowMs;
    }
    this.#stage.live(nowMs - this.#shownMs < (this.#connected ? SLOW_MS : GONE_MS));
  }

  #report(): void {
    const nowMs = performance.now();
    const { atMs, shown } = this.#reported;
    const fps = (1_000 * (this.#shown - shown)) / (nowMs - atMs);
    this.#reported = { atMs: nowMs, shown: this.#shown, fps };
    const jitterMs = this.#time.jitterMs;
    const { dropped } = this.#queue;
    this.#connection.send({ type: "report", fps, shown: this.#shown, dropped, jitterMs });
    const sound = this.#voice === undefined ? "off" : this.#voice.state;
    document.title = `echo-head overlay: ${this.#status}`;
    this.#stage.hud([
      this.#status,
      `${fps.toFixed(1)} pictures/s, ${dropped} dropped, jitter ${jitterMs.toFixed(1)} ms`,
      `sound ${sound}, visible ${this.#visible}, on air ${this.#active}, OBS ${OBS?.pluginVersion ?? "no"}`,
    ]);
  }
}

try {
  new Overlay(readOptions(location.search, OBS !== undefined));
} catch (error) {
  // A wrong address: said where a streamer looks (the log of OBS, the picture), never on air as a dialog.
  console.error(`echo-head overlay: ${(error as Error).message}`);
  document.title = `echo-head overlay: ${(error as Error).message}`;
}
