import type { DecoderVariant } from "../protocol/generator-worker.js";

/**
 * How much of the work is done, best first. Blendshapes, pose and sound come at full rate on every rung; what is saved is pictures.
 * - "full": a picture for each frame, by the avatar's full decoder
 * - "light": by its light decoder, where it has one
 * - "half-rate", "quarter-rate": a picture for every second or fourth frame
 * - "few-steps": as "quarter-rate", and one step of the sampler: the motion is smoother than it should be
 * - "motion-only": the last picture stays
 */
export const QUALITY_LEVELS = ["full", "light", "half-rate", "quarter-rate", "few-steps", "motion-only"] as const;

/** One of {@link QUALITY_LEVELS}. */
export type QualityLevel = (typeof QUALITY_LEVELS)[number];

/** What a rung asks of the generator. `pictures` is a share of the frames. */
export type QualityWork = { readonly pictureShare: number; readonly steps?: number; readonly decoder: DecoderVariant };

const WORK: Readonly<Record<QualityLevel, QualityWork>> = {
  full: { pictureShare: 1, decoder: "full" },
  light: { pictureShare: 1, decoder: "light" },
  "half-rate": { pictureShare: 1 / 2, decoder: "light" },
  "quarter-rate": { pictureShare: 1 / 4, decoder: "light" },
  "few-steps": { pictureShare: 1 / 4, steps: 1, decoder: "light" },
  "motion-only": { pictureShare: 0, steps: 1, decoder: "light" },
};

/** A block that takes more than this share of its length is too slow: the next hiccup would be seen. */
const TOO_SLOW = 0.92;
/** A rung is good when its blocks take less than this share, as far as can be foretold. */
const GOOD = 0.85;
/** Going up needs more room. */
const ROOMY = 0.7;
/** What a picture by a light decoder is taken to cost, before it has been tried. */
const WEIGHT: Readonly<Record<DecoderVariant, number>> = { full: 1, light: 0.5 };
/** Blocks over which times count. */
const WINDOW = 8;
/** Blocks of a rung before it is judged: the first ones compile and warm up. */
const FIRST_LOOK = 4;
/** Blocks before going up is tried: 8 s; doubled, up to 2 minutes, each time that it was no use. */
const TRY_UP_AFTER = 50;
const TRY_UP_AFTER_MOST = 800;

/** What one block took, in ms: all of it, and the painting of its pictures. */
export type BlockCost = { readonly tookMs: number; readonly paintMs: number; readonly pictures: number };

/** A change of rung. */
export type QualityChange = { readonly from: QualityLevel; readonly to: QualityLevel; readonly reason: string };

/**
 * Chooses the rung on which this machine holds real time: down as far as needed as soon as blocks are too slow, up one rung at a time
 * when there has been room for a while.
 */
export class QualityLadder {
  readonly #levels: readonly QualityLevel[];
  readonly #blockMs: number;
  readonly #blockFrames: number;
  readonly #light: boolean;
  #rung: number;
  #costs: BlockCost[] = [];
  #blocks = 0;
  #tryUpAfter = TRY_UP_AFTER;
  #wentUp = false;
  #skipped = 0;

  /** `steps` is how many the pack's sampler has; `light` whether the avatar has a light decoder. */
  constructor(options: { blockMs: number; blockFrames: number; steps: number; light: boolean; start?: QualityLevel }) {
    this.#blockMs = options.blockMs;
    this.#blockFrames = options.blockFrames;
    this.#levels = QUALITY_LEVELS.filter(
      (level) => (level !== "light" || options.light) && (level !== "few-steps" || options.steps > 1),
    );
    this.#light = options.light;
    // A rung that is not there has the next better one in its place.
    let start = QUALITY_LEVELS.indexOf(options.start ?? "full");
    while (!this.#levels.includes(QUALITY_LEVELS[start]!)) start -= 1;
    this.#rung = this.#levels.indexOf(QUALITY_LEVELS[start]!);
  }

  /** The rung now. */
  get level(): QualityLevel {
    return this.#levels[this.#rung]!;
  }

  /** What it asks for. */
  get work(): QualityWork {
    return WORK[this.level];
  }

  /** Tells of a block; `skipped` is how many blocks of pictures have been left out so far. Gives the change that follows, if any. */
  add(cost: BlockCost, skipped: number): QualityChange | null {
    const missed = skipped - this.#skipped;
    this.#skipped = skipped;
    if (cost.pictures !== this.#pictures(this.#rung)) return null; // asked for on another rung
    this.#blocks += 1;
    this.#costs.push(cost);
    if (this.#costs.length > WINDOW) this.#costs.shift();
    if (this.#costs.length < FIRST_LOOK) return null;
    const typicalMs = median(this.#costs.map(({ tookMs }) => tookMs));
    if (typicalMs > TOO_SLOW * this.#blockMs || missed > 0) return this.#down(typicalMs);
    return this.#blocks >= this.#tryUpAfter ? this.#up() : null;
  }

  #down(typicalMs: number): QualityChange | null {
    if (this.#rung === this.#levels.length - 1) return null;
    if (this.#wentUp) this.#tryUpAfter = Math.min(TRY_UP_AFTER_MOST, 2 * this.#tryUpAfter);
    let rung = this.#rung + 1;
    while (rung < this.#levels.length - 1 && this.#foretold(rung) > GOOD * this.#blockMs) rung += 1;
    const reason = `a block of ${this.#blockMs} ms takes ${Math.round(typicalMs)} ms`;
    return this.#move(rung, reason, false);
  }

  #up(): QualityChange | null {
    if (this.#rung === 0) return null;
    const foretoldMs = this.#foretold(this.#rung - 1);
    if (foretoldMs > ROOMY * this.#blockMs) return null;
    return this.#move(this.#rung - 1, `a block should take ${Math.round(foretoldMs)} ms of ${this.#blockMs} ms`, true);
  }

  #move(rung: number, reason: string, up: boolean): QualityChange {
    const from = this.level;
    this.#rung = rung;
    this.#costs = [];
    this.#blocks = 0;
    this.#wentUp = up;
    return { from, to: this.level, reason };
  }

  /** What a block of another rung should take, by what pictures have cost on this one. */
  #foretold(rung: number): number {
    const tookMs = median(this.#costs.map((cost) => cost.tookMs));
    const paintMs = median(this.#costs.map((cost) => cost.paintMs));
    const pictures = this.#pictures(this.#rung);
    // Without a picture to go by, one is taken to cost half a block: going up is then a trial.
    const eachMs = pictures === 0 ? this.#blockMs / 2 : paintMs / pictures;
    const weight = (of: number): number => (this.#light ? WEIGHT[WORK[this.#levels[of]!].decoder] : 1);
    return tookMs - paintMs + (eachMs * this.#pictures(rung) * weight(rung)) / weight(this.#rung);
  }

  #pictures(rung: number): number {
    return Math.round(WORK[this.#levels[rung]!].pictureShare * this.#blockFrames);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
