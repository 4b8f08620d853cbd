import { letPictureGo } from "../frame/held-pictures.js";
import type { PlayoutClock } from "../frame/playout-clock.js";
import type { GeneratorStepOutput, GeneratorWorkerApi } from "../protocol/generator-worker.js";
import type { Picture } from "../protocol/picture.js";
import type { BlockTimes } from "./block-times.js";
import type { LeadTime } from "./lead-time.js";
import type { LoopPace } from "./loop-pace.js";

/** Frames `from` .. `to` of a block, which are ready: their pictures, and the motion of the whole block. */
export type ReadyFrames = {
  readonly from: number;
  readonly to: number;
  /** One a frame, or fewer, each then stands for as many frames; none where the picture before them stays. */
  readonly rgba: readonly Picture[];
  readonly motion: GeneratorStepOutput;
};

/** What a {@link BlockPainter} needs of its loop. */
export type BlockPainterHost = {
  readonly clock: PlayoutClock;
  readonly times: BlockTimes;
  readonly generator: GeneratorWorkerApi;
  readonly pace: LoopPace;
  readonly lead: LeadTime;
  show(block: number, frames: ReadyFrames): void;
  made(output: GeneratorStepOutput, tookMs: number): void;
};

/** A block whose motion has come, and its first pictures. */
export type BlockToPaint = {
  readonly block: number;
  readonly output: GeneratorStepOutput;
  /** When it was begun, and when it came. */
  readonly beganMs: number;
  readonly arrivedMs: number;
  /** Whether nobody is to see it any more. */
  takenBack(): boolean;
};

/** Hands out each frame once: what has come with a block at once, and its other pictures as they are painted. */
export class BlockPainter {
  readonly #host: BlockPainterHost;
  /** The frame after the last one that was handed out. */
  #shown = 0;

  constructor(host: BlockPainterHost) {
    this.#host = host;
  }

  /** Frames from `frame` on were taken back: they may be handed out again. */
  takeBack(frame: number): void {
    this.#shown = Math.min(this.#shown, frame);
  }

  /** Shows what has come, and has the other pictures painted and shows them, until the block is taken back. */
  async paint(asked: BlockToPaint): Promise<void> {
    const { clock, times, generator, pace, lead, made } = this.#host;
    const { output, beganMs, arrivedMs } = asked;
    const { stageMs, unpainted = 0, leftOut = 0 } = output;
    const pictures = leftOut + output.rgba.length + unpainted;
    const frameOf = (picture: number): number => Math.round((picture * times.blockFrames) / Math.max(1, pictures));
    const rgba = [...output.rgba];
    let tookMs = arrivedMs - beganMs;
    const to = pictures === 0 ? times.blockFrames : frameOf(leftOut + rgba.length);
    this.#show(asked, { from: frameOf(leftOut), to, rgba: output.rgba, motion: output });
    for (let left = unpainted; left > 0; left--) {
      if (asked.takenBack()) return; // it took less than a block takes: its time says nothing
      const painted = await pace.timed("picture", generator.paint!(), clock, left - 1);
      for (const [stage, ms] of Object.entries(painted.stageMs)) stageMs[stage] = (stageMs[stage] ?? 0) + ms;
      const from = frameOf(leftOut + rgba.length);
      rgba.push(painted.rgba);
      tookMs = clock.nowMs() - beganMs;
      this.#show(asked, { from, to: frameOf(leftOut + rgba.length), rgba: [painted.rgba], motion: output });
    }
    if (leftOut > 0) return; // nor does that of a part of a block
    lead.add(tookMs);
    if (!asked.takenBack()) made({ ...output, rgba }, tookMs);
  }

  /** Hands out frames that were not handed out before. Those before them that nobody painted show the picture before. */
  #show({ block, takenBack }: BlockToPaint, { from, to, rgba, motion }: ReadyFrames): void {
    if (takenBack()) {
      rgba.forEach(letPictureGo);
      return;
    }
    const { times, show } = this.#host;
    const unshown = Math.max(0, this.#shown - block * times.blockFrames);
    if (unshown < from) show(block, { from: unshown, to: from, rgba: [], motion });
    const first = Math.max(from, unshown);
    const seen = Math.floor(((first - from) * rgba.length) / (to - from));
    rgba.slice(0, seen).forEach(letPictureGo);
    if (first >= to) return;
    show(block, { from: first, to, rgba: rgba.slice(seen), motion });
    this.#shown = block * times.blockFrames + to;
  }
}
