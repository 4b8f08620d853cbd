import { EchoError } from "../base/errors.js";
import { letPictureGo } from "../frame/held-pictures.js";
import { type PlayoutClock, waitUntil } from "../frame/playout-clock.js";
import {
  type GeneratorStepInput,
  type GeneratorStepOutput,
  type GeneratorWorkerApi,
  MAX_REWIND_BLOCKS,
  type PaintOutput,
} from "../protocol/generator-worker.js";
import type { Picture } from "../protocol/picture.js";
import { transferArrays } from "../runtime/transfer.js";
import type { BlockTimes } from "./block-times.js";
import { LeadTime } from "./lead-time.js";

/** Frames `from` .. `to` of a block, which are ready: their pictures, and the motion of the whole block. */
export type ReadyFrames = {
  readonly from: number;
  readonly to: number;
  /** One a frame, or fewer, each then stands for as many frames. */
  readonly rgba: readonly Picture[];
  readonly motion: GeneratorStepOutput;
};

/** What a {@link SpeakingLoop} needs of its agent. */
export type SpeakingLoopHost = {
  readonly clock: PlayoutClock;
  readonly times: BlockTimes;
  readonly generator: GeneratorWorkerApi;
  /** Blocks that may be asked for before the first of them has come: one here, several where the way to the generator is long. @default 1 */
  readonly blocksUnderWay?: number | undefined;
  /** Gives a block's audio its place (f32 [2560]); called once for each block in order, and again after an interruption. */
  place(block: number): Float32Array;
  /** What the block is generated from; it may wait shortly for what the user has just done. */
  conditions(block: number): Promise<Omit<GeneratorStepInput, "pcm">>;
  /** Frames are ready: all of a block, or a part of it while the others are painted. */
  show(block: number, frames: ReadyFrames): void;
  /** All of a block is made; `output` has every picture and the time of every stage. */
  made(output: GeneratorStepOutput, tookMs: number): void;
  /** A step failed. The loop ends when the error is not recoverable, unless it `goesOn` with states back at zero. */
  failed(error: unknown, goesOn?: boolean): void;
};

/** Blocks whose audio is kept, for going back. */
const KEPT_BLOCKS = 8;
/** When the clock has jumped by more than this (the machine slept), blocks are left out instead of made up for, in ms. */
const JUMP_MS = 1_000;
/** Blocks that are made again must be ready in time: so much longer than the slowest of the last ones, and so many ms. */
const MARGIN = 1.15;
const MARGIN_MS = 15;
/** Pictures whose slowest counts. */
const PICTURES = 100;
/** How often within a minute the generator may begin anew after NaN. */
const MOST_RESETS = 3;
const RESETS_WITHIN_MS = 60_000;

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
  readonly #audio = new Map<number, Float32Array>();
  readonly #stop = new AbortController();
  #wake = new AbortController();
  /** The next block to be placed, and the next to be generated. */
  #toPlace = 0;
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
  /** The block whose audio the generator works on, and since when. */
  #making: number | undefined;
  #makingSinceMs = 0;
  /** The block whose pictures are painted one by one, since when the one at work is, and how many are left with it. */
  #painting: { readonly block: number; sinceMs: number; left: number } | undefined;
  readonly #pictureMs: number[] = [];
  /** The audio of the block before those that are made again has changed. */
  #heardOtherwise = false;

  constructor(host: SpeakingLoopHost) {
    this.#host = host;
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
  }

  /** Speech ends at `sample`: takes back the audio and the pictures of every block from `block` on. */
  interrupt(block: number, sample: number): void {
    for (const [placed, pcm] of this.#audio) {
      if (placed >= block) this.#audio.delete(placed);
      else pcm.fill(0, Math.max(0, Math.min(pcm.length, sample - this.#host.times.audioStart(placed))));
    }
    this.#toPlace = Math.min(this.#toPlace, block);
    this.#rewindTo = Math.min(this.#rewindTo ?? block, block);
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /**
   * The first block that can be made again, or for the first time, before it is shown, if that is earlier than the next block that is
   * placed anyway.
   */
  earliestAgain(nowMs: number): number | undefined {
    const { times } = this.#host;
    const oneMs = MARGIN * this.#lead.mostNeededMs + MARGIN_MS;
    const after = (ms: number): number => Math.ceil((nowMs + ms + oneMs - times.originMs) / times.blockMs);
    const { cutMs, wholeMs } = this.#underWayMs(nowMs);
    let block = after(cutMs);
    const busyWith = this.#making ?? this.#painting?.block;
    if (busyWith !== undefined && block > busyWith) block = after(wholeMs); // it stays, and its pictures are wanted first
    return block <= this.#toPlace && this.#audio.has(block - 1) && this.#rewindTo === undefined ? block : undefined;
  }

  /** Speech begins with `block`: makes it and what follows again. `ahead` takes the place of the end of the audio before it. */
  makeAgain(block: number, ahead: Float32Array): void {
    const before = this.#audio.get(block - 1)!;
    before.set(ahead, before.length - ahead.length);
    for (const placed of [...this.#audio.keys()]) if (placed >= block) this.#audio.delete(placed);
    this.#toPlace = Math.min(this.#toPlace, block);
    this.#rewindTo = block;
    this.#heardOtherwise = true;
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** How long the generator is still busy with the block under way: if its pictures are dropped, and if they are painted. */
  #underWayMs(nowMs: number): { readonly cutMs: number; readonly wholeMs: number } {
    const pictureMs = MARGIN * Math.max(0, ...this.#pictureMs);
    if (this.#making !== undefined) {
      const cutMs = Math.max(0, MARGIN * this.#lead.mostNeededMs - (nowMs - this.#makingSinceMs));
      return { cutMs, wholeMs: cutMs + pictureMs * (this.#paintsOneByOne ? this.#host.times.blockFrames - 1 : 0) };
    }
    if (this.#painting === undefined) return { cutMs: 0, wholeMs: 0 };
    const { sinceMs, left } = this.#painting;
    const cutMs = Math.max(0, pictureMs - (nowMs - sinceMs));
    return { cutMs, wholeMs: cutMs + pictureMs * (left - 1) };
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
    if (nowMs > times.startMs(this.#toPlace) + times.blockMs + JUMP_MS) this.#jump(times.firstUnseen(nowMs));
    if (nowMs >= times.startMs(this.#toPlace) - this.#lead.ms) {
      const block = this.#toPlace++;
      this.#keep(block, this.#host.place(block));
      return;
    }
    if (this.#toMake < this.#toPlace) {
      await this.#makeNext(nowMs);
      return;
    }
    await waitUntil(clock, times.startMs(this.#toPlace) - this.#lead.ms, this.#wake.signal);
  }

  async #makeNext(nowMs: number): Promise<void> {
    const { clock, times, generator, blocksUnderWay = 1 } = this.#host;
    const newest = this.#toPlace - 1;
    // A block that would be over before it is ready is left out for the newest one, which may still come in time.
    if (nowMs + this.#lead.lastBlockMs > times.startMs(this.#toMake) + times.blockMs && newest > this.#toMake) {
      this.#skipped += newest - this.#toMake;
      if (!this.#wentBack) this.#tooSlow += newest - this.#toMake;
      this.#toMake = newest;
      const before = this.#audio.get(newest - 1);
      if (before) await generator.prime({ pcm: before.slice() });
    }
    this.#wentBack = false;
    const block = this.#toMake;
    const beganMs = clock.nowMs();
    const placing = this.#placeOnTime();
    this.#makingSinceMs = beganMs;
    try {
      const conditions = await this.#host.conditions(block);
      if (this.#rewindTo !== undefined && block >= this.#rewindTo) return; // taken back meanwhile
      const pcm = this.#audio.get(block)?.slice() ?? new Float32Array(times.blockSamples);
      this.#making = block;
      const paintNow = this.#paintsOneByOne ? 1 : undefined;
      const asked = this.#ask(block, beganMs, generator.step(transferArrays({ ...conditions, pcm, paintNow })));
      if (blocksUnderWay === 1) await asked.arrival;
      this.#making = undefined;
      this.#made.push(block);
      if (this.#made.length > MAX_REWIND_BLOCKS + 1) this.#made.shift();
      this.#toMake = block + 1;
      asked.counted = true;
      await asked.show?.();
      if (this.#underWay.size >= blocksUnderWay)
        await Promise.race([...this.#underWay].map(({ arrival }) => arrival.catch(() => {})));
    } finally {
      this.#making = undefined;
      this.#painting = undefined;
      placing.abort();
    }
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
        asked.show = () => this.#showAll(asked, output, { beganMs, arrivedMs });
        if (asked.counted) await asked.show();
      })
      .finally(() => this.#underWay.delete(asked));
    // What fails while nobody waits for it is found by the next turn.
    asked.arrival.catch((error: unknown) => {
      if (asked.counted) this.#failure ??= { error };
    });
    return asked;
  }

  /** Shows what has come, and has the other pictures painted and shows them, until the block is taken back. */
  async #showAll(
    asked: BlockUnderWay,
    output: GeneratorStepOutput,
    { beganMs, arrivedMs }: { readonly beganMs: number; readonly arrivedMs: number },
  ): Promise<void> {
    const host = this.#host;
    const { clock, times } = host;
    const { block } = asked;
    const takenBack = (): boolean =>
      asked.takenBack || (this.#rewindTo !== undefined && block >= this.#rewindTo) || this.#stop.signal.aborted;
    const pictures = output.rgba.length + (output.unpainted ?? 0);
    const frameOf = (picture: number): number => Math.round((picture * times.blockFrames) / Math.max(1, pictures));
    const { stageMs } = output;
    const rgba = [...output.rgba];
    let neededMs = arrivedMs - beganMs;
    let tookMs = neededMs;
    const to = pictures === 0 ? times.blockFrames : frameOf(rgba.length);
    if (takenBack()) output.rgba.forEach(letPictureGo);
    else host.show(block, { from: 0, to, rgba: output.rgba, motion: output });
    for (let left = output.unpainted ?? 0; left > 0; left--) {
      if (takenBack()) return; // it took less than a block takes: its time says nothing
      const sinceMs = clock.nowMs();
      this.#painting = { block, sinceMs, left };
      const painted: PaintOutput = await host.generator.paint!();
      const nowMs = clock.nowMs();
      this.#pictureMs.push(nowMs - sinceMs);
      if (this.#pictureMs.length > PICTURES) this.#pictureMs.shift();
      for (const [stage, ms] of Object.entries(painted.stageMs)) stageMs[stage] = (stageMs[stage] ?? 0) + ms;
      const from = frameOf(rgba.length);
      rgba.push(painted.rgba);
      tookMs = nowMs - beganMs;
      neededMs = Math.max(neededMs, tookMs - from * times.frameMs);
      if (takenBack()) letPictureGo(painted.rgba);
      else host.show(block, { from, to: frameOf(rgba.length), rgba: [painted.rgba], motion: output });
    }
    this.#lead.add(tookMs, neededMs);
    if (!takenBack()) host.made({ ...output, rgba }, tookMs);
  }

  /** Goes on placing sound by the clock while a block is being made. */
  #placeOnTime(): AbortController {
    const done = new AbortController();
    const { clock, times } = this.#host;
    const place = async (): Promise<void> => {
      while (!done.signal.aborted && !this.#stop.signal.aborted) {
        const dueMs = times.startMs(this.#toPlace) - this.#lead.ms;
        await waitUntil(clock, dueMs, done.signal);
        if (done.signal.aborted || this.#stop.signal.aborted || this.#rewindTo !== undefined) return;
        const nowMs = clock.nowMs();
        if (nowMs < times.startMs(this.#toPlace) - this.#lead.ms) continue;
        if (nowMs > times.startMs(this.#toPlace) + times.blockMs + JUMP_MS) return;
        const block = this.#toPlace++;
        this.#keep(block, this.#host.place(block));
      }
    };
    void place();
    return done;
  }

  #keep(block: number, pcm: Float32Array): void {
    this.#audio.set(block, pcm);
    this.#audio.delete(block - KEPT_BLOCKS);
  }

  #jump(block: number): void {
    this.#skipped += Math.max(0, block - this.#toMake);
    this.#toPlace = block;
    this.#toMake = block;
    this.#audio.clear();
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
    const pcm =
      (before !== undefined && this.#audio.get(before)?.slice()) || new Float32Array(this.#host.times.blockSamples);
    await this.#host.generator.rewind({ blocks, pcm });
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
    const before = this.#audio.get(this.#toMake - 1);
    try {
      if (before) await this.#host.generator.prime({ pcm: before.slice() });
    } catch (error) {
      this.#host.failed(error);
      if (!EchoError.is(error) || !error.recoverable) this.stop();
    }
  }
}
