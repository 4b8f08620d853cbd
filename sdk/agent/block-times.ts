import type { PackManifest } from "../pack/types.js";

/** Blocks, frames, samples and milliseconds of one agent's timeline. Sample 0, frame 0 and block 0 begin at `originMs` on its clock. */
export class BlockTimes {
  readonly originMs: number;
  readonly blockFrames: number;
  /** Samples of a block. */
  readonly blockSamples: number;
  /** Samples by which the avatar's audio runs ahead of the block that it goes into. */
  readonly aheadSamples: number;
  readonly blockMs: number;
  readonly frameMs: number;
  readonly #samplesPerMs: number;

  constructor(clock: PackManifest["clock"], originMs: number) {
    this.originMs = originMs;
    this.blockFrames = clock.blockFrames;
    this.blockSamples = clock.blockFrames * clock.samplesPerFrame;
    this.aheadSamples = clock.avatarLookaheadFrames * clock.samplesPerFrame;
    this.frameMs = 1_000 / clock.fps;
    this.blockMs = clock.blockFrames * this.frameMs;
    this.#samplesPerMs = clock.sampleRateHz / 1_000;
  }

  /** When a block's first frame is shown. */
  startMs(block: number): number {
    return this.originMs + block * this.blockMs;
  }

  /** The sample that is heard when a block's first frame is shown. */
  startSample(block: number): number {
    return block * this.blockSamples;
  }

  /** The first sample of the avatar's audio that goes into a block. */
  audioStart(block: number): number {
    return block * this.blockSamples + this.aheadSamples;
  }

  /** The first block that is not yet being shown at `nowMs`. */
  firstUnseen(nowMs: number): number {
    return Math.max(0, Math.floor((nowMs - this.originMs) / this.blockMs + 1e-9) + 1);
  }

  /** When a frame is shown. */
  frameStartMs(frame: number): number {
    return this.originMs + frame * this.frameMs;
  }

  /** The first frame that is shown at `nowMs` or later. */
  frameFrom(nowMs: number): number {
    return Math.max(0, Math.ceil((nowMs - this.originMs) / this.frameMs - 1e-9));
  }

  /** The sample that is heard when a frame is shown. */
  frameSample(frame: number): number {
    return (frame * this.blockSamples) / this.blockFrames;
  }

  /** The block that a frame is in. */
  blockOf(frame: number): number {
    return Math.floor(frame / this.blockFrames);
  }

  /** The block that gets the sample which is heard with a frame: the audio runs ahead. */
  hearingBlock(frame: number): number {
    return Math.floor((this.frameSample(frame) - this.aheadSamples) / this.blockSamples);
  }

  /** Milliseconds of a sample. */
  msOf(sample: number): number {
    return this.originMs + sample / this.#samplesPerMs;
  }

  /** The sample that is heard at `nowMs`. */
  sampleAt(nowMs: number): number {
    return Math.floor((nowMs - this.originMs) * this.#samplesPerMs + 1e-6);
  }
}
