import { EchoError } from "../base/errors.js";
import { type PlayoutClock, waitUntil } from "../frame/playout-clock.js";
import {
  type GeneratorStepInput,
  type GeneratorStepOutput,
  type GeneratorWorkerApi,
  MAX_REWIND_BLOCKS,
} from "../protocol/generator-worker.js";
import { transferArrays } from "../runtime/transfer.js";
import { BlockPainter, type ReadyFrames } from "./block-painter.js";
import type { BlockTimes } from "./block-times.js";
import { LeadTime } from "./lead-time.js";
import { LoopPace } from "./loop-pace.js";
import { PlacedSound } from "./placed-sound.js";

/** What a {@link SpeakingLoop} needs of its agent. */
export type SpeakingLoopHost = {
  readonly clock: PlayoutClock;
  readonly times: BlockTimes;
  readonly generator: GeneratorWorkerApi;
  /** Blocks that may be asked for before the first of them has come: one here, several where the way to the generator is long. @default 1 */
  readonly blocksUnderWay?: number | undefined;
  /** Gives a block's audio its place (f32 [2560]); called once for each block in order, and again after an interruption. */
  place(block: number): Float32Array;
  /** What a block is generated from; it may wait shortly for what the user has just done, unless `signal` is aborted. */
  conditions(signal: AbortSignal): Promise<Omit<GeneratorStepInput, "pcm">>;
  /** Frames are ready: all of a block, or a part of it while the others are painted. */
  show(block: number, frames: ReadyFrames): void;
  /** All of a block is made; `output` has every picture and the time of every stage. */
  made(output: GeneratorStepOutput, tookMs: number): void;
  /** A step failed. The loop ends when the error is not recoverable, unless it `goesOn` with states back at zero. */
  failed(error: unknown, goesOn?: boolean): void;
};

/** Blocks whose conditions are kept, for going back. */
const KEPT_BLOCKS = 8;
/** How often within a minute the generator may begin anew after NaN. */
const MOST_RESETS = 3;
const RESETS_WITHIN_MS = 60_000;

type Conditions = Omit<GeneratorStepInput, "pcm">;

/** A block that was asked for: whether it counts as made, and how to show it once it has come. */
type BlockUnderWay = {
  readonly block: number;
  counted: boolean;
  takenBack: boolean;
  show: (() => Promise<void>) | undefined;
  arrival: Promise<void>;
};

/**
 * Makes a block at a time, each begun a little before it is shown. Sound is placed by the clock and never waits for pictures: where
 * the machine is too slow, blocks of pictures are left out. An interruption takes back the blocks that nobody has seen.
 */
export class SpeakingLoop {
  readonly #host: SpeakingLoopHost;
  /** Blocks that were asked for and have not come. */
  readonly #underWay = new Set<BlockUnderWay>();
  readonly #lead = new LeadTime();
  readonly #sound: PlacedSound;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  /** The next block to be generated. */
  #toMake = 0;
  /** Blocks that the generator has made, in order, as far back as it can go. */
  readonly #made: number[] = [];
  #rewindTo: number | undefined;
  #skipped = 0;
  #tooSlow = 0;
  /** Blocks were taken back, and the first of those that follow is not made yet: it may come too late on any machine. */
  #wentBack = false;
  #resets: number[] = [];
  #failure: { readonly error: unknown } | undefined;
  /** The block that the generator makes or paints. */
  #busyWith: number | undefined;
  readonly #pace = new LoopPace();
  /** What the last blocks were made from. */
  readonly #conditions = new Map<number, Conditions>();
  readonly #painter: BlockPainter;
  /** The frame that speech begins with: pictures of its block before it are not painted. */
  #paintFrom = 0;
  /** The audio of the block before those that are made again has changed. */
  #heardOtherwise = false;

  constructor(host: SpeakingLoopHost) {
    this.#host = host;
    this.#painter = new BlockPainter({ ...host, pace: this.#pace, lead: this.#lead });
    this.#sound = new PlacedSound({ ...host, lead: this.#lead });
  }

  /** Blocks of pictures that were left out. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Those of them that were left out because the machine was too slow, not because it slept or an interruption left no time. */
  get tooSlow(): number {
    return this.#tooSlow;
  }

  /** How long before its time a block is begun, in ms. */
  get leadMs(): number {
    return this.#lead.ms;
  }

  /** Runs until `stop()` or until the generator fails for good; never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#turn();
      } catch (error) {
        if (signal.aborted) return;
        const clean = EchoError.is(error) && error.code === "graph-output-not-finite" && this.#mayReset();
        this.#host.failed(error, clean);
        if (clean) await this.#reset();
        else if (!EchoError.is(error) || !error.recoverable) return;
        else await this.#recover();
      }
    }
  }

  /** Ends the loop. */
  stop(): void {
    this.#stop.abort();
    this.#wake.abort();
    this.#sound.rest();
  }

  /** Speech ends at `sample`: takes back the audio and the pictures of every block from `block` on. */
  interrupt(block: number, sample: number): void {
    this.#sound.cut(block, sample);
    this.#rewindTo = Math.min(this.#rewindTo ?? block, block);
    this.#painter.takeBack(block * this.#host.times.blockFrames);
    this.#paintFrom = 0;
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** The first frame that would be ready in time if it was asked for now. */
  earliestAgain(nowMs: number): number {
    const { times } = this.#host;
    const { cutMs, wholeMs } = this.#pace.busyMs(nowMs);
    const after = (ms: number): number => times.frameFrom(nowMs + ms + this.#pace.againMs);
    const frame = after(cutMs);
    // The block under way stays if it comes before, and its pictures are wanted first.
    return this.#busyWith !== undefined && times.blockOf(frame) > this.#busyWith ? after(wholeMs) : frame;
  }

  /** Whether speech that begins with `frame` is begun earlier by making that again than by waiting for the next block that is placed. */
  canMakeAgain(frame: number): boolean {
    const { times } = this.#host;
    const made = new Set([...this.#made, this.#busyWith ?? -1]);
    const undone = [...made].filter((block) => block >= times.blockOf(frame)).length;
    return this.#rewindTo === undefined && this.#sound.has(times.hearingBlock(frame)) && undone <= MAX_REWIND_BLOCKS;
  }

  /**
   * Speech begins with `frame`: what is shown from there on is made again. `beginning` takes the place of the end of the audio of the
   * block that hears it.
   */
  makeAgain(frame: number, beginning: Float32Array): void {
    const { times } = this.#host;
    const [block, hears] = [times.blockOf(frame), times.hearingBlock(frame)];
    this.#sound.replaceEnd(hears, beginning);
    this.#rewindTo = block;
    this.#painter.takeBack(frame);
    this.#paintFrom = frame;
    this.#heardOtherwise = hears < block;
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Pictures can be shown, or dropped, one by one. Where the way to the generator is long they come together. */
  get #paintsOneByOne(): boolean {
    const { generator, blocksUnderWay = 1 } = this.#host;
    return generator.paint !== undefined && blocksUnderWay === 1;
  }

  async #turn(): Promise<void> {
    const { clock, times } = this.#host;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    await this.#goBack();
    const nowMs = clock.nowMs();
    if (this.#sound.hasSlept(nowMs)) this.#jump(times.firstUnseen(nowMs));
    if (this.#sound.placeDue(nowMs)) return;
    if (this.#toMake < this.#sound.next) await this.#makeNext(nowMs);
    else await waitUntil(clock, this.#sound.dueMs, this.#wake.signal);
  }

  async #makeNext(nowMs: number): Promise<void> {
    const { clock, times, generator, blocksUnderWay = 1 } = this.#host;
    const newest = this.#sound.next - 1;
    // A block that would be over before it is ready is left out for the newest one, which may still come in time.
    const neededMs = this.#beginsSpeech(this.#toMake) ? 0 : this.#lead.lastBlockMs;
    if (nowMs + neededMs > times.startMs(this.#toMake) + times.blockMs && newest > this.#toMake) {
      this.#skipped += newest - this.#toMake;
      if (!this.#wentBack) this.#tooSlow += newest - this.#toMake;
      this.#toMake = newest;
      const pcm = this.#sound.of(newest - 1);
      if (pcm) await generator.prime({ pcm });
    }
    this.#wentBack = false;
    const block = this.#toMake;
    const beganMs = clock.nowMs();
    void this.#sound.placeOnTime();
    try {
      const conditions = await this.#conditionsOf(block);
      if (this.#stop.signal.aborted || (this.#rewindTo !== undefined && block >= this.#rewindTo)) return; // not wanted any more
      const pcm = this.#sound.of(block) ?? new Float32Array(times.blockSamples);
      this.#busyWith = block;
      const paintFrom = this.#beginsSpeech(block) ? this.#paintFrom % times.blockFrames : 0;
      const paintNow = this.#paintsOneByOne ? 1 : undefined;
      const step = generator.step(transferArrays({ ...conditions, pcm, paintFrom, paintNow }));
      const after = paintNow === undefined ? 0 : Math.max(0, (conditions.pictures ?? times.blockFrames) - 1);
      const asked = this.#ask(block, beganMs, this.#pace.timed("first", step, clock, after));
      if (blocksUnderWay === 1) await asked.arrival;
      this.#made.push(block);
      if (this.#made.length > MAX_REWIND_BLOCKS + 1) this.#made.shift();
      this.#toMake = block + 1;
      asked.counted = true;
      await asked.show?.();
      if (this.#underWay.size >= blocksUnderWay)
        await Promise.race([...this.#underWay].map(({ arrival }) => arrival.catch(() => {})));
    } finally {
      this.#busyWith = undefined;
      this.#sound.rest();
    }
  }

  /** Whether speech begins within the block, which is shown already. */
  #beginsSpeech(block: number): boolean {
    return this.#paintFrom > 0 && this.#host.times.blockOf(this.#paintFrom) === block;
  }

  /** A block that is made again is made from what it was made from: only its sound differs, so that nothing else moves at the seam. */
  async #conditionsOf(block: number): Promise<Conditions> {
    const known = this.#conditions.get(block) ?? (await this.#host.conditions(this.#wake.signal));
    this.#conditions.set(block, known);
    this.#conditions.delete(block - KEPT_BLOCKS);
    return { ...known, fPu: known.fPu.slice(), emotion: known.emotion.slice() }; // a thread takes them
  }

  /** Follows a block until it has come; it is shown unless it was taken back meanwhile. */
  #ask(block: number, beganMs: number, step: Promise<GeneratorStepOutput>): BlockUnderWay {
    const asked: BlockUnderWay = {
      block,
      counted: false,
      takenBack: false,
      show: undefined,
      arrival: Promise.resolve(),
    };
    this.#underWay.add(asked);
    asked.arrival = step
      .then(async (output) => {
        const arrivedMs = this.#host.clock.nowMs();
        asked.show = () =>
          this.#painter.paint({ block, output, beganMs, arrivedMs, takenBack: () => this.#isTakenBack(asked) });
        if (asked.counted) await asked.show();
      })
      .finally(() => this.#underWay.delete(asked));
    // What fails while nobody waits for it is found by the next turn.
    asked.arrival.catch((error: unknown) => {
      if (asked.counted) this.#failure ??= { error };
    });
    return asked;
  }

  #isTakenBack({ block, takenBack }: BlockUnderWay): boolean {
    return takenBack || (this.#rewindTo !== undefined && block >= this.#rewindTo) || this.#stop.signal.aborted;
  }

  #jump(block: number): void {
    this.#skipped += Math.max(0, block - this.#toMake);
    this.#toMake = block;
    this.#sound.jumpTo(block);
  }

  /** Takes back what an interruption made false. */
  async #goBack(): Promise<void> {
    const block = this.#rewindTo;
    if (block === undefined) return;
    this.#rewindTo = undefined;
    this.#wentBack = true;
    for (const asked of this.#underWay) if (asked.block >= block) asked.takenBack = true;
    const blocks = Math.min(MAX_REWIND_BLOCKS, this.#made.filter((made) => made >= block).length);
    const heardOtherwise = this.#heardOtherwise && this.#toMake >= block; // else the block before is still to be made
    this.#heardOtherwise = false;
    this.#toMake = Math.min(this.#toMake, block);
    if (blocks === 0 && !(heardOtherwise && this.#made.length > 0)) return;
    this.#made.length -= blocks;
    const before = this.#made[this.#made.length - 1];
    const known = before === undefined ? undefined : this.#sound.of(before);
    const pcm = known ?? new Float32Array(this.#host.times.blockSamples);
    await this.#pace.timed("rewind", this.#host.generator.rewind({ blocks, pcm }), this.#host.clock);
  }

  /** NaN in a state poisons every block after it: the states go back to zero, but not again and again. */
  #mayReset(): boolean {
    const nowMs = this.#host.clock.nowMs();
    this.#resets = this.#resets.filter((atMs) => nowMs - atMs < RESETS_WITHIN_MS);
    this.#resets.push(nowMs);
    return this.#resets.length <= MOST_RESETS;
  }

  async #reset(): Promise<void> {
    try {
      await this.#host.generator.reset();
    } catch (error) {
      this.#host.failed(error);
      if (!EchoError.is(error) || !error.recoverable) return this.stop();
    }
    await this.#recover();
  }

  /** A new worker has empty states: it hears the last block of sound, and nothing can be taken back. */
  async #recover(): Promise<void> {
    this.#made.length = 0;
    this.#rewindTo = undefined;
    const pcm = this.#sound.of(this.#toMake - 1);
    try {
      if (pcm) await this.#host.generator.prime({ pcm });
    } catch (error) {
      this.#host.failed(error);
      if (!EchoError.is(error) || !error.recoverable) this.stop();
    }
  }
}
