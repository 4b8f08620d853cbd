import { holdPicture, letPictureGo } from "../frame/held-pictures.js";
import type { GeneratorStepInput, GeneratorStepOutput, GeneratorWorkerApi } from "../protocol/generator-worker.js";
import type { Picture } from "../protocol/picture.js";
import { type QualityChange, QualityLadder, type QualityLevel } from "./quality-ladder.js";

/** What a {@link QualityControl} needs. */
export type QualityControlOptions = {
  /** "auto", or the rung to stay on. */
  readonly quality: "auto" | QualityLevel;
  /** Where "auto" begins. @default "full" */
  readonly start?: QualityLevel;
  readonly blockMs: number;
  readonly blockFrames: number;
  /** Steps of the pack's sampler. */
  readonly steps: number;
  /** Whether the avatar has a light decoder. */
  readonly light: boolean;
  readonly generator: GeneratorWorkerApi;
  readonly onChange: (change: QualityChange) => void;
  readonly onError: (error: unknown) => void;
};

/** Says how much of a block is painted, and which picture each of its frames shows. */
export class QualityControl {
  readonly #options: QualityControlOptions;
  readonly #ladder: QualityLadder;
  /** The last picture; on low rungs it is shown for longer. */
  #picture: Picture | undefined;
  /** Pictures that are due, of rungs that paint less than one a block. */
  #owed = 0;
  /** Blocks whose pictures were dropped on the way. */
  #dropped = 0;

  constructor(options: QualityControlOptions) {
    const { quality, start = "full", generator: _, ...rest } = options;
    this.#options = options;
    this.#ladder = new QualityLadder({ ...rest, start: quality === "auto" ? start : quality });
    this.#useDecoder();
  }

  /** The rung now. */
  get level(): QualityLevel {
    return this.#ladder.level;
  }

  /** What the next block is asked for. */
  ask(): Pick<GeneratorStepInput, "pictures" | "steps"> {
    const { pictureShare, steps } = this.#ladder.work;
    this.#owed = Math.min(this.#options.blockFrames, this.#owed + pictureShare * this.#options.blockFrames);
    const pictures = Math.floor(this.#owed);
    this.#owed -= pictures;
    return { pictures: Math.max(this.#picture ? 0 : 1, pictures), steps }; // one at least to begin with
  }

  /** The picture of each of so many frames, by those that were painted for them; where none was, the last one stays. */
  take(painted: readonly Picture[], frames: number): Picture[] {
    return Array.from({ length: frames }, (_, f) => {
      const picture = painted[Math.floor((f * painted.length) / frames)] ?? this.#picture!;
      this.#keep(picture);
      return picture;
    });
  }

  /**
   * What a whole block took may move the agent to another rung, and so may blocks that were left out, `skipped` so far, or lost their
   * pictures on the way. Of a block of a render server its work counts: the way to it takes long, but holds nothing up.
   */
  weigh(output: GeneratorStepOutput, tookMs: number, skipped: number): void {
    if (output.dropped) this.#dropped += 1;
    if (output.dropped || output.held || this.#options.quality !== "auto") return;
    const { decoder = 0, encoder = 0 } = output.stageMs;
    const cost = { tookMs: output.workMs ?? tookMs, paintMs: decoder + encoder, pictures: output.rgba.length };
    const change = this.#ladder.add(cost, skipped + this.#dropped);
    if (change === null) return;
    this.#useDecoder();
    this.#options.onChange(change);
  }

  /** Pictures have another size from now on: the last one cannot be shown any more. */
  forgetPicture(): void {
    this.#keep(undefined);
  }

  #keep(picture: Picture | undefined): void {
    if (picture) holdPicture(picture);
    if (this.#picture) letPictureGo(this.#picture);
    this.#picture = picture;
  }

  #useDecoder(): void {
    const { light, generator, onError } = this.#options;
    if (light) void generator.setDecoder?.(this.#ladder.work.decoder).catch(onError);
  }
}
