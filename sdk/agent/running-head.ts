import type { EventEmitter } from "../base/events.js";
import { type PlayoutClock, waitUntil } from "../frame/playout-clock.js";
import type { Pack } from "../pack/pack.js";
import type { DialogueTurn } from "../protocol/dialogue.js";
import type { GeneratorStepInput } from "../protocol/generator-worker.js";
import { ALL_SWITCHES_ON } from "../render/render-options.js";
import type { ModelSwitches } from "../render/types.js";
import type { AffectFeed } from "./affect-feed.js";
import type { AgentEvents, AgentStats } from "./agent-events.js";
import type { AgentHealth } from "./agent-health.js";
import type { AgentOptions } from "./agent-options.js";
import { AgentScreen } from "./agent-screen.js";
import { AgentSpeech } from "./agent-speech.js";
import { BlockMeter } from "./block-meter.js";
import { BlockTimes } from "./block-times.js";
import { ListeningLoop } from "./listening-loop.js";
import { QualityControl } from "./quality-control.js";
import type { Services } from "./services/start-services.js";
import { SpeakingLoop } from "./speaking-loop.js";
import { UnderstandingFeed } from "./understanding-feed.js";
import type { UserInput } from "./user-input.js";

/** The first block is shown so long after the start. */
const FIRST_BLOCK_AFTER_MS = 320;
/** A block waits so long for what the LCU makes of the user's last one, in ms; then it takes the answer before. */
const WAIT_FOR_LCU_MS = 40;
/** Blocks between two "stats" events: 0.96 s. */
const STATS_EVERY_BLOCKS = 6;

/** What a {@link RunningHead} is made of. */
export type RunningHeadHost = {
  readonly pack: Pack;
  readonly options: AgentOptions;
  readonly avatar: string;
  readonly clock: PlayoutClock;
  readonly events: EventEmitter<AgentEvents>;
  readonly user: UserInput;
  readonly health: AgentHealth;
  readonly services: Services;
  readonly affect: AffectFeed;
  /** When the agent was asked for, by `performance.now()`. */
  readonly createdMs: number;
  /** Aborted when the agent is disposed of. */
  readonly signal: AbortSignal;
  /** Listening motion now, 0 .. 1. */
  expressivity(): number;
};

/** A head whose model has loaded: joins what is heard, spoken and shown, block by block. */
export class RunningHead {
  readonly speech: AgentSpeech;
  readonly screen: AgentScreen;
  readonly quality: QualityControl;
  readonly services: Services;
  readonly #understanding: UnderstandingFeed | undefined;
  readonly #host: RunningHeadHost;
  readonly #switches: ModelSwitches;
  readonly #times: BlockTimes;
  readonly #meter = new BlockMeter();
  readonly #listening: ListeningLoop;
  readonly #speaking: SpeakingLoop;
  #ended: Promise<void> = Promise.resolve();
  #heardUntil = -1;

  constructor(host: RunningHeadHost) {
    this.#host = host;
    const { pack, options, clock, events, signal, services, health, createdMs } = host;
    const { generator, blocksUnderWay, generatorReport } = services;
    this.services = services;
    this.#switches = { ...ALL_SWITCHES_ON, ...options.switches };
    const times = new BlockTimes(pack.manifest.clock, clock.nowMs() + FIRST_BLOCK_AFTER_MS);
    this.#times = times;
    this.#listening = this.#createListening();
    this.quality = this.#createQuality();
    this.#understanding = this.#createUnderstanding();
    this.speech = new AgentSpeech({
      clock,
      times,
      sampleRateHz: pack.manifest.clock.sampleRateHz,
      events,
      signal,
      changed: () => health.update(),
      earliestAgain: (nowMs) => this.#speaking.earliestAgain(nowMs),
      canMakeAgain: (frame) => this.#speaking.canMakeAgain(frame),
      makeAgain: (frame, beginning) => {
        this.screen.discardFrom(times.frameStartMs(frame));
        this.#speaking.makeAgain(frame, beginning);
      },
    });
    this.screen = new AgentScreen({
      clock,
      times,
      quality: this.quality,
      size: generatorReport,
      createdMs,
      speakingAt: (timestampMs) => this.speech.speakingAt(timestampMs),
      warn: (message) => events.emit("warning", { message }),
    });
    this.#speaking = new SpeakingLoop({
      clock,
      times,
      generator,
      blocksUnderWay,
      place: (block) => this.#place(block),
      conditions: (signal) => this.#conditions(signal),
      show: (block, frames) => {
        if (!frames.motion.held) health.well("generator");
        this.screen.show(block, frames);
      },
      made: (output, tookMs) => {
        this.#meter.addBlock(tookMs);
        this.#meter.addStages(output.stageMs);
        this.quality.weigh(output, tookMs, this.#speaking.tooSlow);
      },
      failed: (error, goesOn) => health.workerFailed("generator", error, goesOn),
    });
  }

  /** Begins; frames come until `end()`. */
  run(): void {
    this.#ended = this.#speaking.run();
  }

  /** Speech ends now; the blocks of it that nobody has seen are made again. */
  interrupt(): void {
    if (!this.speech.waiting) return;
    const nowMs = this.#host.clock.nowMs();
    const block = this.#times.firstUnseen(nowMs);
    this.speech.interrupt(nowMs);
    this.screen.discardFrom(this.#times.startMs(block));
    this.#speaking.interrupt(block, this.#times.sampleAt(nowMs));
    this.#host.health.update();
  }

  /** Something was said. */
  addTurn(turn: DialogueTurn): void {
    this.#host.affect.add(turn);
    this.#understanding?.addTurn(turn);
  }

  stats(): AgentStats {
    const { delivered, dropped, frames, firstFrameMs } = this.screen.counters;
    const { samples, pictures } = this.#host.user.counters();
    return {
      frames,
      deliveredFrames: delivered,
      droppedFrames: dropped,
      skippedBlocks: this.#speaking.skipped,
      quality: this.quality.level,
      skippedUserBlocks: this.#listening.skipped,
      ...this.#meter.percentiles,
      leadMs: this.#speaking.leadMs,
      firstFrameMs,
      userSamples: samples,
      userPictures: pictures,
    };
  }

  /** The generator is gone for good: no more speech, no more frames. */
  fail(error: Error): void {
    this.speech.interrupt(this.#host.clock.nowMs());
    this.screen.close(error);
    this.#speaking.stop();
  }

  /** Ends speech and loops. What is under way in the workers ends with them: `ended()` waits for it. */
  end(): void {
    this.speech.interrupt(this.#host.clock.nowMs());
    this.#host.affect.dispose();
    this.#understanding?.dispose();
    this.#speaking.stop();
  }

  /** Resolves when both loops have come to rest. */
  async ended(): Promise<void> {
    await this.#ended;
    await this.#listening.settled();
  }

  #createListening(): ListeningLoop {
    const { pack, services, health } = this.#host;
    const [, ...fPu] = pack.manifest.behaviour.gca.outputs.f_pu!.shape;
    return new ListeningLoop({
      lcu: services.lcu,
      values: fPu.reduce<number>((product, size) => product * Number(size), 1),
      onDone: (stageMs) => {
        this.#meter.addStages(stageMs);
        health.well("lcu");
      },
      onError: (error) => health.workerFailed("lcu", error),
    });
  }

  #createQuality(): QualityControl {
    const { pack, options, avatar, services, events, health } = this.#host;
    const { generator, generatorReport } = services;
    const { blockMs, blockFrames } = this.#times;
    return new QualityControl({
      quality: options.quality ?? "auto",
      start: generatorReport.backend === "wasm" ? "light" : "full", // the generator has loaded that decoder
      blockMs,
      blockFrames,
      steps: pack.manifest.sampler.times.length,
      light: generator.setDecoder !== undefined && "light" in pack.avatar(avatar).decoders,
      generator,
      onChange: (change) => events.emit("quality-changed", change),
      onError: (error) => health.workerFailed("generator", error),
    });
  }

  #createUnderstanding(): UnderstandingFeed | undefined {
    const { options, services, events, user } = this.#host;
    if (options.understanding === undefined) return undefined;
    return new UnderstandingFeed({
      understanding: options.understanding,
      apply: async (text) => services.lcu.setUnderstanding?.(text),
      pictures: async () => user.pictures(),
      onError: (error) => events.emit("error", { error }),
    });
  }

  /** A block's time has nearly come: its speech gets its place, and the LCU hears the user's last block. */
  #place(block: number): Float32Array {
    const pcm = this.speech.place(block);
    if (block > this.#heardUntil) {
      this.#heardUntil = block;
      this.#listen();
    }
    if (block % STATS_EVERY_BLOCKS === STATS_EVERY_BLOCKS - 1) this.#host.events.emit("stats", this.stats());
    return pcm;
  }

  #listen(): void {
    const { user, clock } = this.#host;
    const { lpe, hbcu } = this.#switches;
    this.#listening.listen(() => {
      const nowMs = clock.nowMs();
      const block = user.takeBlock(nowMs);
      this.#understanding?.addBlock({ ...block, speaking: user.speaking, timeS: nowMs / 1_000 });
      return { ...block, lpe, hbcu };
    });
  }

  /** What a block is made from, beside its speech. */
  async #conditions(hurry: AbortSignal): Promise<Omit<GeneratorStepInput, "pcm">> {
    const { clock, affect, expressivity } = this.#host;
    const waited = new AbortController();
    const stopWaiting = (): void => waited.abort();
    hurry.addEventListener("abort", stopWaiting);
    await Promise.race([this.#listening.settled(), waitUntil(clock, clock.nowMs() + WAIT_FOR_LCU_MS, waited.signal)]);
    hurry.removeEventListener("abort", stopWaiting);
    waited.abort();
    const { sdcm, lau } = this.#switches;
    const emotion = affect.at(clock.nowMs() / 1_000);
    return { fPu: this.#listening.fPu, emotion, sdcm, lau, expressivity: expressivity(), ...this.quality.ask() };
  }
}
