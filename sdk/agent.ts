import type { AgentEvents, AgentStats } from "./agent/agent-events.js";
import { type AgentOptions, checkAgentOptions, isLent, isRemote } from "./agent/agent-options.js";
import type { AgentState } from "./agent/agent-state.js";
import { DialogueInput } from "./agent/dialogue-input.js";
import { LiveHead } from "./agent/live-head.js";
import type { QualityLevel } from "./agent/quality-ladder.js";
import { startServicesOnDevice } from "./agent/services/lent-generator.js";
import { startServicesOn } from "./agent/services/start-remote-services.js";
import { type StartServices, startServicesAnywhere } from "./agent/services/start-services.js";
import type { UserInput } from "./agent/user-input.js";
import type { SpeechAudio, Utterance } from "./agent/utterance.js";
import type { ListenOptions } from "./base/events.js";
import { checkNumber } from "./base/option-checks.js";
import type { EchoFrame } from "./frame/echo-frame.js";
import type { CaptureStreamOptions } from "./frame/frame-stream.js";
import { loadPack } from "./pack/load-pack.js";
import { Pack } from "./pack/pack.js";

/**
 * A head that speaks and listens, live: hand in what the user says and how they look, what is said, and what the avatar shall say;
 * pull frames. Make one with {@link EchoAgent.create}, end it with {@link EchoAgent.dispose}.
 *
 *     const agent = await EchoAgent.create({ pack: "echo-nano" });
 *     void agent.speak({ pcm, sampleRateHz: 24_000 });
 *     for await (const frame of agent.frames()) { draw(frame.rgba); frame.close(); }
 */
export class EchoAgent {
  readonly #head: LiveHead;
  readonly #dialogue: DialogueInput;

  private constructor(head: LiveHead) {
    this.#head = head;
    this.#dialogue = new DialogueInput(head);
  }

  /**
   * Loads the pack and starts the model in threads. Throws a `TypeError` for a bad option, EchoError for what goes wrong in the world
   * (`pack-…`, `avatar-not-found`, `backend-unavailable`, `worker-…`), and the signal's reason when it is aborted.
   */
  static async create(options: AgentOptions): Promise<EchoAgent> {
    checkAgentOptions(options);
    const { backend } = options;
    if (isLent(backend)) return EchoAgent.createWith(options, startServicesOnDevice(backend));
    if (!isRemote(backend)) return EchoAgent.createWith(options, startServicesAnywhere);
    const pack = options.pack instanceof Pack ? options.pack : await loadPack(options.pack, { signal: options.signal });
    return EchoAgent.createWith({ ...options, pack }, startServicesOn(backend, pack.hash));
  }

  /** @internal {@link EchoAgent.create} with services of the caller's choice. */
  static async createWith(options: AgentOptions, startServices: StartServices): Promise<EchoAgent> {
    checkAgentOptions(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const pack = options.pack instanceof Pack ? options.pack : await loadPack(options.pack, { signal });
    const head = new LiveHead(pack, options);
    try {
      await head.start(startServices);
      signal?.throwIfAborted();
    } catch (error) {
      await head.dispose();
      throw error;
    }
    return new EchoAgent(head);
  }

  /** Where the agent is in its life. */
  get state(): AgentState {
    return this.#head.state;
  }

  /** Where the pictures are made, for instance "cpu" or "webgpu". */
  get backend(): string {
    return this.#head.backend;
  }

  /** How much of the work is done now; see `options.quality`. */
  get quality(): QualityLevel {
    return this.#head.quality;
  }

  /** Id of the avatar that is shown. */
  get avatar(): string {
    return this.#head.avatar;
  }

  /**
   * Shows another avatar of the pack from the next block on; voice, motion and memory of the conversation go on. Resolves when its
   * decoder is loaded. Throws EchoError `avatar-not-found`, `pack-…`; the avatar that was there goes on then.
   */
  setAvatar(id: string): Promise<void> {
    return this.#head.setAvatar(id);
  }

  /** Listening motion, 0 (still but alive) .. 1. Throws a `TypeError` for anything else. */
  get expressivity(): number {
    return this.#head.expressivity;
  }

  set expressivity(value: number) {
    checkNumber(value, "agent.expressivity", { min: 0, max: 1 });
    this.#head.expressivity = value;
  }

  /** Milliseconds on the agent's clock now; frames carry the same time. */
  get nowMs(): number {
    return this.#head.nowMs;
  }

  /** What the agent hears and sees of the user. */
  get user(): UserInput {
    return this.#head.user;
  }

  /** What the two have said to each other. */
  get dialogue(): DialogueInput {
    return this.#dialogue;
  }

  /**
   * Speaks: whole PCM, an AudioBuffer, or a stream of PCM. Utterances follow one another; call `interrupt()` first to speak at once.
   * A stream that stalls rests the lips until it goes on. Throws a `TypeError` for unusable audio and EchoError `disposed`.
   */
  speak(audio: SpeechAudio): Utterance {
    return this.#head.speak(audio);
  }

  /** Stops speaking: the sound at once, the lips within one block (160 ms). Every utterance under way or waiting ends as interrupted. */
  interrupt(): void {
    this.#head.interrupt();
  }

  /**
   * The frames from now on, each when its time has come. A consumer that is late gets the newest frame; those before it are dropped and
   * counted. Close each frame. The loop ends with `dispose()`, and throws if the agent fails.
   */
  frames(): AsyncIterableIterator<EchoFrame> {
    return this.#head.frames();
  }

  /**
   * The head as a MediaStream (browsers), for a call, a recorder or a virtual camera: a video track with the frames, and an audio track
   * with the speech where the agent's clock is a SpeechPlayer. Ends with `dispose()`; stop its tracks to end it earlier.
   */
  captureStream(options?: CaptureStreamOptions): MediaStream {
    return this.#head.captureStream(options);
  }

  /** Listens to an event. The result stops it. */
  on<Name extends keyof AgentEvents>(
    event: Name,
    listener: (payload: AgentEvents[Name]) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#head.events.on(event, listener, options);
  }

  /** How the agent is doing. */
  stats(): AgentStats {
    return this.#head.stats();
  }

  /** Ends everything: utterances as interrupted, consumers' loops, microphones, cameras, threads. May be called again. */
  dispose(): Promise<void> {
    return this.#head.dispose();
  }

  /** {@link EchoAgent.dispose} for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
