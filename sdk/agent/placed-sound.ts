import { type PlayoutClock, waitUntil } from "../frame/playout-clock.js";
import type { BlockTimes } from "./block-times.js";
import type { LeadTime } from "./lead-time.js";

/** What a {@link PlacedSound} needs of its loop. */
export type PlacedSoundHost = {
  readonly clock: PlayoutClock;
  readonly times: BlockTimes;
  readonly lead: LeadTime;
  /** Gives a block's audio its place (f32 [2560]). */
  place(block: number): Float32Array;
};

/** Blocks whose audio is kept, for going back. */
const KEPT_BLOCKS = 8;
/** When the clock has jumped by more than this (the machine slept), blocks are left out instead of made up for, in ms. */
const JUMP_MS = 1_000;

/** The avatar's sound, a block at a time: each gets its place by the clock, a lead before it is shown, whatever becomes of its pictures. */
export class PlacedSound {
  readonly #host: PlacedSoundHost;
  readonly #audio = new Map<number, Float32Array>();
  #next = 0;
  #placing: AbortController | undefined;

  constructor(host: PlacedSoundHost) {
    this.#host = host;
  }

  /** The next block to be placed. */
  get next(): number {
    return this.#next;
  }

  /** When that is to be done. */
  get dueMs(): number {
    return this.#host.times.startMs(this.#next) - this.#host.lead.ms;
  }

  /** Whether so much time has gone by without a block that the machine must have slept. */
  hasSlept(nowMs: number): boolean {
    const { times } = this.#host;
    return nowMs > times.startMs(this.#next) + times.blockMs + JUMP_MS;
  }

  /** Places the next block if its time has come, and says so. */
  placeDue(nowMs: number): boolean {
    if (nowMs < this.dueMs) return false;
    const block = this.#next++;
    this.#audio.set(block, this.#host.place(block));
    this.#audio.delete(block - KEPT_BLOCKS);
    return true;
  }

  /** Places each block when its time has come, while one is being made: until `rest()`, or until blocks are taken back. */
  async placeOnTime(): Promise<void> {
    const { clock } = this.#host;
    this.#placing = new AbortController();
    const { signal } = this.#placing;
    while (!signal.aborted) {
      await waitUntil(clock, this.dueMs, signal);
      const nowMs = clock.nowMs();
      if (signal.aborted || this.hasSlept(nowMs)) return;
      this.placeDue(nowMs);
    }
  }

  /** Ends `placeOnTime()`. */
  rest(): void {
    this.#placing?.abort();
  }

  /** Whether the audio of a block is known. */
  has(block: number): boolean {
    return this.#audio.has(block);
  }

  /** The audio of a block, a copy; undefined where there is none any more. */
  of(block: number): Float32Array | undefined {
    return this.#audio.get(block)?.slice();
  }

  /** Speech ends at `sample`: `block` and those after it are placed again, and those before it are silent from there on. */
  cut(block: number, sample: number): void {
    const { times } = this.#host;
    this.#takeBack(block);
    for (const [placed, pcm] of this.#audio)
      pcm.fill(0, Math.max(0, Math.min(pcm.length, sample - times.audioStart(placed))));
  }

  /** `end` takes the place of the end of a block's audio, and those after it are placed again. */
  replaceEnd(block: number, end: Float32Array): void {
    const pcm = this.#audio.get(block)!;
    pcm.set(end, pcm.length - end.length);
    this.#takeBack(block + 1);
  }

  /** Goes on with a block, and forgets what was before it. */
  jumpTo(block: number): void {
    this.#audio.clear();
    this.#next = block;
  }

  #takeBack(block: number): void {
    this.rest();
    for (const placed of [...this.#audio.keys()]) if (placed >= block) this.#audio.delete(placed);
    this.#next = Math.min(this.#next, block);
  }
}
