import { EchoError, reasonOf } from "../base/errors.js";
import { EventEmitter } from "../base/events.js";
import { PercentileCounter } from "../base/percentiles.js";
import type { EchoFrame } from "../frame/echo-frame.js";
import { type CaptureStreamOptions, streamFrames } from "../frame/frame-stream.js";
import { createSystemClock, type PlayoutClock, waitUntil } from "../frame/playout-clock.js";
import { UnclosedFrames } from "../frame/unclosed-frames.js";
import { OfflineReasoner } from "../lcu/offline-reasoner.js";
import type { Pack } from "../pack/pack.js";
import type { BackendReport, ChosenBackend } from "../protocol/backend.js";
import type { DialogueTurn } from "../protocol/dialogue.js";
import type { GeneratorStepInput } from "../protocol/generator-worker.js";
import { ALL_SWITCHES_ON } from "../render/render-options.js";
import type { ModelSwitches } from "../render/types.js";
import { AffectFeed } from "./affect-feed.js";
import type { AgentEvents, AgentStats } from "./agent-events.js";
import type { AgentOptions } from "./agent-options.js";
import { type AgentState, AgentStateMachine } from "./agent-state.js";
import { BlockTimes } from "./block-times.js";
import { FrameHub } from "./frame-hub.js";
import { ListeningLoop } from "./listening-loop.js";
import { QualityControl } from "./quality-control.js";
import type { QualityLevel } from "./quality-ladder.js";
import type { Services, StartServices } from "./services/start-services.js";
import { type ReadyFrames, SpeakingLoop } from "./speaking-loop.js";
import { MAX_WAITING_UTTERANCES, SpeechTimeline, type SpokenResult } from "./speech-timeline.js";
import { UnderstandingFeed } from "./understanding-feed.js";
import { UserInput } from "./user-input.js";
import { SpeakingUtterance, type SpeechAudio, type Utterance } from "./utterance.js";

/** The first block is shown so long after the start. */
const FIRST_BLOCK_AFTER_MS = 320;
/** A block waits so long for what the LCU makes of the user's last one, in ms; then it takes the answer before. */
const WAIT_FOR_LCU_MS = 40;
/** Blocks between two "stats" events: 0.96 s. */
const STATS_EVERY_BLOCKS = 6;
/** Blocks over which times are counted: a minute. */
const STATS_BLOCKS = 375;

/** The parts of a running agent. */
type Running = {
  readonly services: Services;
  readonly times: BlockTimes;
  readonly listening: ListeningLoop;
  readonly speaking: SpeakingLoop;
  readonly affect: AffectFeed;
  readonly understanding: UnderstandingFeed | undefined;
  readonly quality: QualityControl;
};

/**
 * What stands behind an EchoAgent: it joins the loops, the timeline of speech, the frames and the events. Longer than other files,
 * because here and nowhere else they all meet; each of them is a file of its own.
 */
export class LiveHead {
  readonly events = new EventEmitter<AgentEvents>();
  readonly user: UserInput;
  expressivity: number;
  readonly #pack: Pack;
  readonly #options: AgentOptions;
  readonly #switches: ModelSwitches;
  readonly #clock: PlayoutClock;
  readonly #createdMs = performance.now();
  readonly #speech: SpeechTimeline;
  readonly #utterances = new Map<string, SpeakingUtterance>();
  readonly #hub: FrameHub;
  readonly #machine = new AgentStateMachine((change) => this.events.emit("state-changed", change));
  readonly #stop = new AbortController();
  readonly #blockMs = new PercentileCounter(STATS_BLOCKS);
  readonly #stages = new Map<string, PercentileCounter>();
  #running: Running | undefined;
  #speakingEnded: Promise<void> = Promise.resolve();
  #disposing: Promise<void> | undefined;
  /** Workers that have died and not yet answered again. */
  #troubled = new Set<"lcu" | "generator">();
  /** What happened before anybody could listen: it is told once `create()` has returned. */
  readonly #untold: (() => void)[] = [];
  #telling: ReturnType<typeof setTimeout> | undefined;
  #settleWake = new AbortController();
  #heardUntil = -1;
  #frames = 0;
  #firstFrameMs = 0;
  #utteranceCount = 0;
  #avatar = "";
  #backend: ChosenBackend | undefined;
  /** Pixels of the pictures that come from the generator. */
  #size = { width: 0, height: 0 };

  constructor(pack: Pack, options: AgentOptions) {
    this.#pack = pack;
    this.#options = options;
    this.#switches = { ...ALL_SWITCHES_ON, ...options.switches };
    this.#clock = options.clock ?? createSystemClock();
    this.expressivity = options.expressivity ?? 1;
    const { clock } = pack.manifest;
    this.#speech = new SpeechTimeline({ sampleRateHz: clock.sampleRateHz });
    const watch = new UnclosedFrames({
      report: (count) => this.events.emit("warning", { message: `${count} frames were thrown away without close()` }),
    });
    this.#hub = new FrameHub({ clock: this.#clock, watch });
    const nowMs = () => this.nowMs;
    const { assets, faceDetector } = options;
    const check = () => this.#checkRunning();
    const keyFrames = options.understanding?.keyFrames === true;
    this.user = new UserInput({ clock, nowMs, assets, faceDetector, keyFrames, events: this.events, check });
  }

  get state(): AgentState {
    return this.#machine.state;
  }

  get backend(): string {
    const place = this.#backend ?? "";
    return typeof this.#options.backend === "object" ? `remote (${place})` : place;
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
    this.#machine.move("loading");
    const avatar = this.#pack.avatar(this.#options.avatar).id;
    this.#avatar = avatar;
    const { backend = "auto", seed = 1, assets, reasoner = new OfflineReasoner() } = this.#options;
    const services = await startServices(
      { pack: this.#pack.source, avatar, backend: typeof backend === "object" ? "auto" : backend, seed, assets },
      {
        onRestart: (worker) => this.#trouble(worker),
        onReload: (worker, report) => this.#reloaded(worker, report),
        onTrouble: (worker, error) => {
          if (this.#stop.signal.aborted) return;
          this.#trouble(worker);
          this.events.emit("error", { error });
        },
        onFallback: (reason) => {
          const message = `the model runs in the main thread: ${reason}`;
          this.#untold.push(() => this.events.emit("warning", { message }));
        },
      },
    );
    try {
      this.#options.signal?.throwIfAborted();
      const affect = await AffectFeed.create({
        reasoner,
        encode: (text) => services.lcu.setAffect(text),
        onChange: (text) => this.events.emit("affect-changed", { text }),
        onError: (error) => this.events.emit("error", { error }),
        onEncodeError: (error) => this.#workerFailed("lcu", error),
      });
      if (this.#disposing) throw new EchoError("disposed", { what: "the agent" });
      this.#run(services, affect);
    } catch (error) {
      await services.dispose();
      throw error;
    }
  }

  speak(audio: SpeechAudio): Utterance {
    this.#checkRunning();
    if (this.#utterances.size >= MAX_WAITING_UTTERANCES)
      throw new TypeError(
        `speak() takes at most ${MAX_WAITING_UTTERANCES} utterances at a time; await some or interrupt()`,
      );
    const utterance = new SpeakingUtterance({
      id: `utterance-${++this.#utteranceCount}`,
      audio,
      sampleRateHz: this.#pack.manifest.clock.sampleRateHz,
      onSamples: () => this.#drawForward(utterance.id),
      onError: (error) => this.events.emit("error", { error }),
    });
    this.#utterances.set(utterance.id, utterance);
    this.#speech.add(utterance.id, utterance.source);
    this.#drawForward(utterance.id);
    return { id: utterance.id, finished: utterance.finished };
  }

  interrupt(): void {
    this.#checkRunning();
    const { times, speaking } = this.#running!;
    if (this.#speech.length === 0) return;
    const nowMs = this.nowMs;
    const sample = times.sampleAt(nowMs);
    const block = times.firstUnseen(nowMs);
    this.#endUtterances(this.#speech.interrupt(sample), nowMs);
    this.#hub.discardFrom(times.startMs(block));
    speaking.interrupt(block, sample);
    this.#showState();
  }

  async setAvatar(id: string): Promise<void> {
    this.#checkRunning();
    const { resolution } = this.#pack.avatar(id); // throws before anything has changed
    await this.#running!.services.generator.setAvatar(id);
    // Answers come in order: pictures made before this one are of the old avatar, pictures after it of the new one.
    this.#avatar = id;
    if (resolution.width !== this.#size.width || resolution.height !== this.#size.height)
      this.#running?.quality.forgetPicture();
    this.#size = resolution;
  }

  frames(): AsyncIterableIterator<EchoFrame> {
    this.#checkRunning();
    return this.#hub.open();
  }

  captureStream(options?: CaptureStreamOptions): MediaStream {
    this.#checkRunning();
    return streamFrames(this.#hub.open(), this.#clock.captureStream?.(), options);
  }

  addTurn(turn: DialogueTurn): void {
    this.#checkRunning();
    this.#running!.affect.add(turn);
    this.#running!.understanding?.addTurn(turn);
  }

  stats(): AgentStats {
    const { delivered, dropped } = this.#hub.counters();
    return {
      frames: this.#frames,
      deliveredFrames: delivered,
      droppedFrames: dropped,
      skippedBlocks: this.#running?.speaking.skipped ?? 0,
      quality: this.quality,
      skippedUserBlocks: this.#running?.listening.skipped ?? 0,
      blockMs: this.#blockMs.percentiles(),
      stages: Object.fromEntries([...this.#stages].map(([stage, counter]) => [stage, counter.percentiles()])),
      leadMs: this.#running?.speaking.leadMs ?? 0,
      firstFrameMs: this.#firstFrameMs,
      userSamples: this.user.counters().samples,
      userPictures: this.user.counters().pictures,
    };
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#end();
    return this.#disposing;
  }

  #run(services: Services, affect: AffectFeed): void {
    const { clock, behaviour } = this.#pack.manifest;
    const times = new BlockTimes(clock, this.nowMs + FIRST_BLOCK_AFTER_MS);
    const values = behaviour.gca.outputs
      .f_pu!.shape.slice(1)
      .reduce<number>((product, size) => product * Number(size), 1);
    const listening = new ListeningLoop({
      lcu: services.lcu,
      values,
      onDone: (stageMs) => {
        this.#count(stageMs);
        this.#well("lcu");
      },
      onError: (error) => this.#workerFailed("lcu", error),
    });
    const quality = this.#createQuality(times, services);
    const speaking = new SpeakingLoop({
      clock: this.#clock,
      times,
      generator: services.generator,
      blocksUnderWay: services.blocksUnderWay,
      place: (block) => this.#place(block, times, listening),
      conditions: () => this.#conditions(listening, affect),
      show: (block, frames) => this.#show(block, frames, times),
      made: (output, tookMs) => {
        this.#blockMs.add(tookMs);
        this.#count(output.stageMs);
        quality.weigh(output, tookMs, speaking.tooSlow);
      },
      failed: (error, goesOn) => this.#workerFailed("generator", error, goesOn),
    });
    const understanding = this.#createUnderstanding(services);
    this.#running = { services, times, listening, speaking, affect, understanding, quality };
    const { width, height, backend } = services.generatorReport;
    this.#size = { width, height };
    this.#backend = backend;
    this.#machine.move("listening");
    for (const { backend, downgrade } of [services.lcuReport, services.generatorReport] satisfies BackendReport[])
      if (downgrade) this.#untold.push(() => this.events.emit("downgraded", { ...downgrade, to: backend }));
    this.#telling = setTimeout(() => {
      for (const tell of this.#untold.splice(0)) tell();
    });
    this.#speakingEnded = speaking.run();
  }

  /** A thread that was started again may have found another backend: after a lost GPU, for instance. */
  #reloaded(worker: "lcu" | "generator", report: BackendReport): void {
    const before = worker === "generator" ? this.#backend : undefined;
    if (worker === "generator") this.#backend = report.backend;
    if (before === undefined || before === report.backend) return;
    const { from = before, reason = "it was lost" } = report.downgrade ?? {};
    this.events.emit("downgraded", { from, to: report.backend, reason });
  }

  #createQuality({ blockMs, blockFrames }: BlockTimes, services: Services): QualityControl {
    const { generator, generatorReport } = services;
    return new QualityControl({
      // How slow this machine is says nothing of a render server.
      quality: this.#options.quality ?? (typeof this.#options.backend === "object" ? "full" : "auto"),
      start: generatorReport.backend === "wasm" ? "light" : "full", // the generator has loaded that decoder
      blockMs,
      blockFrames,
      steps: this.#pack.manifest.sampler.times.length,
      light: "light" in this.#pack.avatar(this.#avatar).decoders,
      generator,
      onChange: (change) => this.events.emit("quality-changed", change),
      onError: (error) => this.#workerFailed("generator", error),
    });
  }

  #createUnderstanding(services: Services): UnderstandingFeed | undefined {
    const { understanding } = this.#options;
    if (understanding === undefined) return undefined;
    const { lcu } = services;
    return new UnderstandingFeed({
      understanding,
      apply: async (text) => lcu.setUnderstanding?.(text),
      pictures: async () => this.user.pictures(),
      onError: (error) => this.events.emit("error", { error }),
    });
  }

  /**
   * Blocks of silence that nobody has seen are made again with the beginning of an utterance: waiting for the next block that has not
   * been begun would cost up to half a second.
   */
  #drawForward(id: string): void {
    if (!this.#running || !this.#machine.running) return;
    const { times, speaking } = this.#running;
    if (!this.#speech.waitsAlone(id, times.aheadSamples + times.blockSamples)) return;
    const block = speaking.earliestAgain(this.nowMs);
    if (block === undefined) return;
    // The block before it is shown already, but its audio runs ahead of it: that part is the first of the speech.
    const { pcm, placed } = this.#speech.place(times.startSample(block), times.aheadSamples);
    if (placed.length === 0) return;
    for (const { utteranceId, start, ...original } of placed)
      this.#clock.schedule?.({ utteranceId, startMs: times.msOf(start), ...original });
    this.#hub.discardFrom(times.startMs(block));
    speaking.makeAgain(block, pcm);
  }

  /** A block's time has nearly come: its speech gets its place, and the LCU hears the user's last block. */
  #place(block: number, times: BlockTimes, listening: ListeningLoop): Float32Array {
    const { pcm, placed } = this.#speech.place(times.audioStart(block), times.blockSamples);
    for (const { utteranceId, start, ...original } of placed)
      this.#clock.schedule?.({ utteranceId, startMs: times.msOf(start), ...original });
    for (const [id, { source }] of this.#utterances) if (source.finished) this.#clock.finish?.(id);
    if (block > this.#heardUntil) {
      this.#heardUntil = block;
      const { lpe, hbcu } = this.#switches;
      listening.listen(() => {
        const user = this.user.takeBlock(this.nowMs);
        this.#running?.understanding?.addBlock({
          ...user,
          speaking: this.user.speaking,
          timeS: this.nowMs / 1_000,
        });
        return { ...user, lpe, hbcu };
      });
    }
    void this.#settle(times);
    if (block % STATS_EVERY_BLOCKS === STATS_EVERY_BLOCKS - 1) this.events.emit("stats", this.stats());
    return pcm;
  }

  async #conditions(listening: ListeningLoop, affect: AffectFeed): Promise<Omit<GeneratorStepInput, "pcm">> {
    const waited = new AbortController();
    await Promise.race([listening.settled(), waitUntil(this.#clock, this.nowMs + WAIT_FOR_LCU_MS, waited.signal)]);
    waited.abort();
    const { sdcm, lau } = this.#switches;
    const emotion = affect.at(this.nowMs / 1_000);
    const asked = this.#running!.quality.ask();
    return { fPu: listening.fPu, emotion, sdcm, lau, expressivity: this.expressivity, ...asked };
  }

  #show(block: number, { from, to, rgba, motion }: ReadyFrames, times: BlockTimes): void {
    if (!motion.held) this.#well("generator");
    const { width, height } = this.#size;
    const { blockFrames, frameMs } = times;
    const pictures = this.#running!.quality.take(rgba, to - from);
    const part = (values: Float32Array, f: number): Float32Array =>
      values.subarray((f * values.length) / blockFrames, ((f + 1) * values.length) / blockFrames);
    for (let f = from; f < to; f++) {
      const timestampMs = times.startMs(block) + f * frameMs;
      this.#frames += 1;
      this.#hub.push({
        index: block * blockFrames + f,
        timestampMs,
        width,
        height,
        rgba: pictures[f - from]!,
        blendshapes: part(motion.blendshapes, f),
        pose: part(motion.pose, f),
        state: this.#speech.speakingAt(times.sampleAt(timestampMs)) === undefined ? "listening" : "speaking",
      });
    }
    this.#firstFrameMs ||= performance.now() - this.#createdMs;
  }

  /** Tells of utterances that have begun or ended by now, and looks again when the next change is due. */
  async #settle(times: BlockTimes): Promise<void> {
    this.#settleWake.abort();
    this.#settleWake = new AbortController();
    const { signal } = this.#settleWake;
    while (!signal.aborted && !this.#stop.signal.aborted) {
      const { started, finished } = this.#speech.settle(times.sampleAt(this.nowMs));
      for (const id of started) this.events.emit("utterance-started", { id });
      for (const { id, playedSamples } of finished) this.#endUtterance(id, playedSamples, false);
      this.#showState();
      const next = this.#speech.nextChange();
      if (next === undefined || !Number.isFinite(next)) return;
      await waitUntil(this.#clock, times.msOf(next), signal);
    }
  }

  #endUtterances(results: readonly SpokenResult[], atMs: number): void {
    for (const { id, playedSamples } of results) {
      this.#clock.cancel?.(id, atMs);
      this.#endUtterance(id, playedSamples, true);
    }
  }

  #endUtterance(id: string, playedSamples: number, interrupted: boolean): void {
    const utterance = this.#utterances.get(id);
    if (utterance === undefined) return;
    this.#utterances.delete(id);
    this.events.emit("utterance-finished", { id, ...utterance.end(playedSamples, interrupted) });
  }

  /** The state that the agent is in, if it runs. */
  #showState(): void {
    if (!this.#machine.running || !this.#running) return;
    if (this.#troubled.size > 0) {
      this.#machine.move("degraded");
      return;
    }
    const speaking = this.#speech.speakingAt(this.#running.times.sampleAt(this.nowMs)) !== undefined;
    this.#machine.move(speaking ? "speaking" : "listening");
  }

  #trouble(worker: "lcu" | "generator"): void {
    this.#troubled.add(worker);
    this.#showState();
  }

  #well(worker: "lcu" | "generator"): void {
    if (this.#troubled.delete(worker)) this.#showState();
  }

  #workerFailed(worker: "lcu" | "generator", cause: unknown, goesOn = false): void {
    if (this.#stop.signal.aborted) return;
    const error = EchoError.is(cause) ? cause : new EchoError("agent-failed", { reason: reasonOf(cause), cause });
    this.#trouble(worker);
    this.events.emit("error", { error });
    if (worker === "generator" && !error.recoverable && !goesOn) this.#fail(error);
  }

  /** The generator is gone for good: there will be no more frames. */
  #fail(error: EchoError): void {
    if (!this.#machine.running) return;
    this.#machine.move("failed");
    this.#endUtterances(this.#speech.interrupt(this.#running!.times.sampleAt(this.nowMs)), this.nowMs);
    this.#hub.close(error);
    this.#running?.speaking.stop();
  }

  #count(stageMs: Readonly<Record<string, number>>): void {
    for (const [stage, ms] of Object.entries(stageMs)) {
      const counter = this.#stages.get(stage) ?? new PercentileCounter(STATS_BLOCKS);
      this.#stages.set(stage, counter);
      counter.add(ms);
    }
  }

  #checkRunning(): void {
    if (this.#machine.running) return;
    if (this.#machine.state === "failed")
      throw new EchoError("agent-failed", { reason: "its generator ended for good" });
    throw new EchoError("disposed", { what: "the agent" });
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#stop.abort();
    this.#settleWake.abort();
    clearTimeout(this.#telling);
    const userEnded = this.user.dispose();
    if (running) {
      this.#endUtterances(this.#speech.interrupt(running.times.sampleAt(this.nowMs)), this.nowMs);
      running.affect.dispose();
      running.understanding?.dispose();
      running.speaking.stop();
    }
    this.#machine.move("disposed");
    this.#hub.close();
    await running?.services.dispose();
    await userEnded;
    await this.#speakingEnded;
    await running?.listening.settled();
    this.events.clear();
  }
}
