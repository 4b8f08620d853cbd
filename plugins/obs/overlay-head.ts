import type { AgentEvents, AgentStats, AudioChunk, EchoFrame, SpeechAudio, Utterance } from "echo-head";
import { EchoAgent } from "echo-head";
import { OverlayClock } from "./overlay-clock.js";
import type { OverlayPage } from "./overlay-page.js";
import { writePicture, writeSpeech } from "./wire.js";

/** Whose head a page or a caller wants. */
export type HeadRequest = {
  readonly pack?: string | undefined;
  readonly avatar?: string | undefined;
  readonly remote?: string | undefined;
};

/** What the overlay needs of an agent; EchoAgent is one. */
export interface HeadAgent {
  readonly state: string;
  readonly backend: string;
  readonly user: { pushAudio(audio: AudioChunk): void };
  readonly dialogue: { add(turn: { role: "user" | "avatar"; text: string }): void };
  frames(): AsyncIterable<Pick<EchoFrame, "index" | "timestampMs" | "width" | "height" | "rgba" | "close">>;
  speak(audio: SpeechAudio): Utterance;
  interrupt(): void;
  on<Name extends keyof AgentEvents>(event: Name, listener: (payload: AgentEvents[Name]) => void): () => void;
  stats(): AgentStats;
  dispose(): Promise<void>;
}

/**
 * Starts the agent of a head. @default EchoAgent.create with the request's pack and avatar, and with its render server if it names one; without a
 * token, because any page of this machine could name a server that collects them
 */
export type OpenAgent = (request: HeadRequest, clock: OverlayClock) => Promise<HeadAgent>;

/** A head's life outside its agent. */
export type OverlayHeadOptions = {
  readonly request: HeadRequest;
  readonly open: OpenAgent;
  /** Names for the page. */
  readonly pack: string;
  readonly avatar: string;
  /** Told in a line of what goes wrong while it runs: a voice that breaks off, a worker that starts again. */
  readonly onTrouble: (text: string) => void;
};

export const openLocalAgent: OpenAgent = ({ pack = "echo-nano", avatar, remote }, clock) =>
  EchoAgent.create({ pack, avatar, clock, backend: remote === undefined ? undefined : { remote } });

/** One running head and the pages that show it. */
export class OverlayHead {
  readonly pack: string;
  readonly avatar: string;
  readonly #clock: OverlayClock;
  readonly #agent: HeadAgent;
  readonly #pages = new Set<OverlayPage>();
  readonly #captions = new Map<string, string>();
  #failure: unknown;
  #disposed = false;
  #speaking = 0;
  #unseenSinceMs = performance.now();

  private constructor(options: OverlayHeadOptions, clock: OverlayClock, agent: HeadAgent) {
    this.pack = options.pack;
    this.avatar = options.avatar;
    this.#clock = clock;
    this.#agent = agent;
    clock.listen({
      onSpeech: ({ utteranceId, ...speech }) => {
        const message = writeSpeech({ utterance: utteranceId, sentMs: clock.nowMs(), ...speech });
        for (const page of this.#pages) page.sendSpeech(message);
      },
      onCancel: (utterance, atMs) => this.#tell({ type: "cancel", utterance, atMs }),
    });
    agent.on("error", ({ error }) =>
      options.onTrouble(`${this.pack}/${this.avatar}: ${error.message} [${error.code}]`),
    );
    agent.on("downgraded", ({ to, reason }) =>
      options.onTrouble(`${this.pack}/${this.avatar} runs on ${to}: ${reason}`),
    );
    agent.on("utterance-started", ({ id }) => this.#tell({ type: "started", utterance: id }));
    agent.on("utterance-finished", ({ id }) => {
      this.#captions.delete(id);
      this.#tell({ type: "finished", utterance: id });
    });
  }

  static async open(options: OverlayHeadOptions): Promise<OverlayHead> {
    const clock = new OverlayClock();
    const head = new OverlayHead(options, clock, await options.open(options.request, clock));
    void head.#run();
    return head;
  }

  get agent(): HeadAgent {
    return this.#agent;
  }

  /** What ended the head, if something did. */
  get failure(): unknown {
    return this.#failure;
  }

  get pages(): readonly OverlayPage[] {
    return [...this.#pages];
  }

  /** Milliseconds for which nobody has seen the head and it has said nothing. */
  get idleMs(): number {
    if (this.#speaking > 0 || this.pages.some((page) => page.seen)) this.#unseenSinceMs = performance.now();
    return performance.now() - this.#unseenSinceMs;
  }

  add(page: OverlayPage): void {
    this.#pages.add(page);
  }

  remove(page: OverlayPage): void {
    this.#pages.delete(page);
  }

  /** Says something; `text` is for the captions and the dialogue. */
  say(audio: SpeechAudio, text?: string): Utterance {
    const utterance = this.#agent.speak(audio);
    if (text !== undefined) {
      this.#captions.set(utterance.id, text);
      this.#tell({ type: "caption", utterance: utterance.id, text });
      this.#agent.dialogue.add({ role: "avatar", text });
    }
    this.#speaking += 1;
    void utterance.finished.then(() => {
      this.#speaking -= 1;
    });
    return utterance;
  }

  /** True after `dispose()`: whoever wants the head asks the pool again. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** Ends the agent; its pages stay connected without a head. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#pages.clear();
    await this.#agent.dispose();
  }

  /** Sends each frame to every page that is seen and can take it. */
  async #run(): Promise<void> {
    try {
      for await (const frame of this.#agent.frames()) {
        const takers = this.pages.filter((page) => page.wants());
        if (takers.length > 0) {
          const { index, width, height, timestampMs, rgba } = frame;
          const bytes = new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.byteLength);
          const sentMs = this.#clock.nowMs();
          const message = writePicture({ index, width, height, timestampMs, sentMs, rgba: bytes });
          for (const page of takers) page.sendPicture(message);
        }
        frame.close();
      }
    } catch (error) {
      this.#failure = error;
      for (const page of this.#pages) page.fail(error);
    }
  }

  #tell(message: Parameters<OverlayPage["tell"]>[0]): void {
    for (const page of this.#pages) page.tell(message);
  }
}
