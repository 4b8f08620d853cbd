import type { DecoderVariant } from "../protocol/generator-worker.js";

/**
 * How much of the work is done, best first. Blendshapes, pose and sound come at full rate on every rung; what is saved is pictures.
 * - "full": a picture for each frame, by the avatar's full decoder
 * - "light": by its light decoder, where it has one
 * - "half-rate", "quarter-rate": a picture for every second or fourth frame
 * - "few-steps": as "quarter-rate", and one step of the sampler: the motion is smoother than it should be
 * - "eighth-rate": as "few-steps", with a picture for every eighth frame
 * - "motion-only": the last picture stays; only ever by choice, for heads that are drawn elsewhere from blendshapes
 */
export const QUALITY_LEVELS = [
  "full",
  "light",
  "half-rate",
  "quarter-rate",
  "few-steps",
  "eighth-rate",
  "motion-only",
] as const;

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
  "eighth-rate": { pictureShare: 1 / 8, steps: 1, decoder: "light" },
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
/** The share of them that count: a host that stands still for a moment makes a block slow, which says nothing of the others. */
const CALM = 0.75;
/** Blocks are left out so often, within so many, where a rung is too high; once is a hiccup. 4 s. */
const MISSES = 2;
const MISSES_WITHIN = 25;
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
  /** The blocks of this rung at which others were found left out. */
  #misses: number[] = [];

  /** `steps` is how many the pack's sampler has; `light` whether the avatar has a light decoder. */
  constructor(options: { blockMs: number; blockFrames: number; steps: number; light: boolean; start?: QualityLevel }) {
    this.#blockMs = options.blockMs;
    this.#blockFrames = options.blockFrames;
    this.#levels = QUALITY_LEVELS.filter(
      (level) =>
        (level !== "light" || options.light) &&
        (level !== "few-steps" || options.steps > 1) &&
        (level !== "motion-only" || options.start === level),
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
    const missed = skipped > this.#skipped;
    this.#skipped = skipped;
    const wanted = this.#pictures(this.#rung);
    if (wanted < 1 ? cost.pictures > 1 : cost.pictures !== wanted) return null; // asked for on another rung
    this.#blocks += 1;
    this.#costs.push(cost);
    if (this.#costs.length > WINDOW) this.#costs.shift();
    this.#misses = this.#misses.filter((block) => this.#blocks - block < MISSES_WITHIN);
    if (missed) this.#misses.push(this.#blocks);
    if (this.#costs.length < FIRST_LOOK) return null;
    const typicalMs = this.#foretold(this.#rung);
    if (typicalMs > TOO_SLOW * this.#blockMs)
      return this.#down(`a block of ${this.#blockMs} ms takes ${Math.round(typicalMs)} ms`);
    if (this.#misses.length >= MISSES) return this.#down("blocks are left out");
    return this.#blocks >= this.#tryUpAfter ? this.#up() : null;
  }

  #down(reason: string): QualityChange | null {
    if (this.#rung === this.#levels.length - 1) return null;
    if (this.#wentUp) this.#tryUpAfter = Math.min(TRY_UP_AFTER_MOST, 2 * this.#tryUpAfter);
    let rung = this.#rung + 1;
    while (rung < this.#levels.length - 1 && this.#foretold(rung) > GOOD * this.#blockMs) rung += 1;
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
    this.#misses = [];
    this.#wentUp = up;
    return { from, to: this.level, reason };
  }

  /** What a block takes on a rung, by the blocks of this one but the slowest, which were hiccups. */
  #foretold(rung: number): number {
    const sorted = [...this.#costs].sort((a, b) => a.tookMs - b.tookMs);
    const calm = sorted.slice(0, Math.ceil(CALM * sorted.length));
    const restMs = mean(calm.map(({ tookMs, paintMs }) => tookMs - paintMs));
    const painted = calm.reduce((sum, { pictures }) => sum + pictures, 0);
    // Without a picture to go by, one is taken to cost half a block: going up is then a trial.
    const eachMs = painted === 0 ? this.#blockMs / 2 : calm.reduce((sum, { paintMs }) => sum + paintMs, 0) / painted;
    const weight = (of: number): number => (this.#light ? WEIGHT[WORK[this.#levels[of]!].decoder] : 1);
    return restMs + (eachMs * this.#pictures(rung) * weight(rung)) / weight(this.#rung);
  }

  /** Pictures of a block, on the average. */
  #pictures(rung: number): number {
    return WORK[this.#levels[rung]!].pictureShare * this.#blockFrames;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
