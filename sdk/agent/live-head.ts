import { EchoError } from "../base/errors.js";
import { EventEmitter } from "../base/events.js";
import type { EchoFrame } from "../frame/echo-frame.js";
import type { CaptureStreamOptions } from "../frame/frame-stream.js";
import { createSystemClock, type PlayoutClock } from "../frame/playout-clock.js";
import { OfflineReasoner } from "../lcu/offline-reasoner.js";
import type { Pack } from "../pack/pack.js";
import type { BackendReport, ChosenBackend } from "../protocol/backend.js";
import type { DialogueTurn } from "../protocol/dialogue.js";
import { AffectFeed } from "./affect-feed.js";
import type { AgentEvents, AgentStats } from "./agent-events.js";
import { AgentHealth } from "./agent-health.js";
import { type AgentOptions, isRemote } from "./agent-options.js";
import type { AgentState } from "./agent-state.js";
import type { QualityLevel } from "./quality-ladder.js";
import { RunningHead } from "./running-head.js";
import type { ServiceListener, ServiceName, Services, StartServices } from "./services/start-services.js";
import { UserInput } from "./user-input.js";
import type { SpeechAudio, Utterance } from "./utterance.js";

/** What stands behind an EchoAgent: its life from loading to `dispose()`, and the events that tell of it. */
export class LiveHead {
  readonly events = new EventEmitter<AgentEvents>();
  readonly user: UserInput;
  expressivity: number;
  readonly #pack: Pack;
  readonly #options: AgentOptions;
  readonly #clock: PlayoutClock;
  readonly #createdMs = performance.now();
  readonly #stop = new AbortController();
  readonly #health: AgentHealth;
  #running: RunningHead | undefined;
  #disposing: Promise<void> | undefined;
  /** What happened before anybody could listen: it is told once `create()` has returned. */
  readonly #untold: (() => void)[] = [];
  #telling: ReturnType<typeof setTimeout> | undefined;
  #avatar = "";
  #backend: ChosenBackend | undefined;

  constructor(pack: Pack, options: AgentOptions) {
    this.#pack = pack;
    this.#options = options;
    this.#clock = options.clock ?? createSystemClock();
    this.expressivity = options.expressivity ?? 1;
    this.#health = new AgentHealth({
      events: this.events,
      signal: this.#stop.signal,
      speaking: () => this.#running?.speech.speakingAt() ?? false,
      failed: (error) => this.#running?.fail(error),
    });
    const { clock } = pack.manifest;
    const { assets, faceDetector } = options;
    const nowMs = () => this.nowMs;
    const check = () => this.#health.check();
    const keyFrames = options.understanding?.keyFrames === true;
    this.user = new UserInput({ clock, nowMs, assets, faceDetector, keyFrames, events: this.events, check });
  }

  get state(): AgentState {
    return this.#health.state;
  }

  get backend(): string {
    const place = this.#backend ?? "";
    return isRemote(this.#options.backend) ? `remote (${place})` : place;
  }

  /** Who is shown. */
  get avatar(): string {
    return this.#avatar;
  }

  /** How much of the work is done now. */
  get quality(): QualityLevel {
    return this.#running?.quality.level ?? "full";
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Starts the model and the loops. */
  async start(startServices: StartServices): Promise<void> {
    this.#health.move("loading");
    const avatar = this.#pack.avatar(this.#options.avatar).id;
    this.#avatar = avatar;
    const { backend = "auto", seed = 1, assets, reasoner = new OfflineReasoner() } = this.#options;
    const here = typeof backend === "object" ? "auto" : backend;
    const pictures = this.#options.pictures === "gpu" ? "bitmap" : "memory";
    const services = await startServices(
      { pack: this.#pack.source, avatar, backend: here, seed, assets, pictures },
      this.#hearServices(),
    );
    try {
      this.#options.signal?.throwIfAborted();
      const affect = await AffectFeed.create({
        reasoner,
        encode: (text) => services.lcu.setAffect(text),
        onChange: (text) => this.events.emit("affect-changed", { text }),
        onError: (error) => this.events.emit("error", { error }),
        onEncodeError: (error) => this.#health.workerFailed("lcu", error),
      });
      if (this.#disposing) throw new EchoError("disposed", { what: "the agent" });
      this.#run(services, affect);
    } catch (error) {
      await services.dispose();
      throw error;
    }
  }

  speak(audio: SpeechAudio): Utterance {
    return this.#ready().speech.speak(audio);
  }

  interrupt(): void {
    this.#ready().interrupt();
  }

  async setAvatar(id: string): Promise<void> {
    const running = this.#ready();
    const { resolution } = this.#pack.avatar(id); // throws before anything has changed
    await running.services.generator.setAvatar(id);
    // Answers come in order: pictures made before this one are of the old avatar, pictures after it of the new one.
    this.#avatar = id;
    running.screen.resize(resolution);
  }

  frames(): AsyncIterableIterator<EchoFrame> {
    return this.#ready().screen.frames();
  }

  captureStream(options?: CaptureStreamOptions): MediaStream {
    return this.#ready().screen.captureStream(options);
  }

  addTurn(turn: DialogueTurn): void {
    this.#ready().addTurn(turn);
  }

  stats(): AgentStats {
    return this.#running!.stats();
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#end();
    return this.#disposing;
  }

  #run(services: Services, affect: AffectFeed): void {
    const { generatorReport, lcuReport } = services;
    const running = new RunningHead({
      pack: this.#pack,
      options: this.#options,
      avatar: this.#avatar,
      clock: this.#clock,
      events: this.events,
      user: this.user,
      health: this.#health,
      services,
      affect,
      createdMs: this.#createdMs,
      signal: this.#stop.signal,
      expressivity: () => this.expressivity,
    });
    this.#running = running;
    this.#backend = generatorReport.backend;
    this.#health.move("listening");
    for (const { backend, downgrade } of [lcuReport, generatorReport] satisfies BackendReport[])
      if (downgrade) this.#untold.push(() => this.events.emit("downgraded", { ...downgrade, to: backend }));
    this.#telling = setTimeout(() => {
      for (const tell of this.#untold.splice(0)) tell();
    });
    running.run();
  }

  #hearServices(): ServiceListener {
    return {
      onRestart: (worker) => this.#health.trouble(worker),
      onReload: (worker, report) => this.#reloaded(worker, report),
      onTrouble: (worker, error) => {
        if (this.#stop.signal.aborted) return;
        this.#health.trouble(worker);
        this.events.emit("error", { error });
      },
      onFallback: (reason) => {
        const message = `the model runs in the main thread: ${reason}`;
        this.#untold.push(() => this.events.emit("warning", { message }));
      },
    };
  }

  /** A thread that was started again may have found another backend: after a lost GPU, for instance. */
  #reloaded(worker: ServiceName, report: BackendReport): void {
    const before = worker === "generator" ? this.#backend : undefined;
    if (worker === "generator") this.#backend = report.backend;
    if (before === undefined || before === report.backend) return;
    const { from = before, reason = "it was lost" } = report.downgrade ?? {};
    this.events.emit("downgraded", { from, to: report.backend, reason });
  }

  #ready(): RunningHead {
    this.#health.check();
    return this.#running!;
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#telling);
    const userEnded = this.user.dispose();
    this.#running?.end();
    this.#health.move("disposed");
    this.#running?.screen.close();
    await this.#running?.services.dispose();
    await userEnded;
    await this.#running?.ended();
    this.events.clear();
  }
}
