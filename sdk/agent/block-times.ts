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

  /** Milliseconds of a sample. */
  msOf(sample: number): number {
    return this.originMs + sample / this.#samplesPerMs;
  }

  /** The sample that is heard at `nowMs`. */
  sampleAt(nowMs: number): number {
    return Math.floor((nowMs - this.originMs) * this.#samplesPerMs);
  }
}
