import { average, laggedCorrelation, reactiveness, reactivenessByDimension } from "./correlation.js";
import { expectedBias, fitGaussian, frechetOfSamples } from "./frechet.js";
import { jerkiness, meanSquaredError, pairFrames, stepDifference, type VariationKind, variation } from "./motion.js";
import type { GroupName } from "./motion-track.js";
import type { Pooling, Preset } from "./presets.js";
import { type Centroids, fitCentroids, hashCentroids, SID_EPSILON, shannonIndex } from "./shannon-index.js";

/** A Fréchet distance of motion. `value` is the mean over sequences. */
export type FrechetFigure = {
  readonly value: number;
  readonly pooled: number;
  readonly ddof: 1;
  /** The truth against itself, first half of each sequence against the second: a distance between two stretches of real motion. */
  readonly splitHalfOfTruth: number;
  /** Mean of what two independent samples of the truth's own Gaussian would give at these lengths. Frames are not independent, so FD's real bias is larger; P-FD's is smaller, for the user's half is shared. */
  readonly knownBias: number;
  /** Sequences with no more frames than dimensions. */
  readonly rankDeficient: number;
  readonly bySequence: readonly number[];
};

/** SID in bits. `value` follows the preset's pooling. */
export type ShannonFigure = {
  readonly value: number;
  readonly perSequence: number;
  readonly pooled: number;
  /** The same measure of the truth. */
  readonly truth: number;
  /** value / log2 k */
  readonly normalised: number;
  readonly k: number;
  readonly logBase: 2;
  readonly epsilon: number;
  /** SHA-256 of the centres; undefined where each sequence has its own. */
  readonly centroidHash: string | undefined;
  readonly argumentsSwapped: boolean;
};

/** rPCC. `value` follows the preset's pooling. */
export type ReactivenessFigure = {
  readonly value: number;
  readonly perSequence: number;
  readonly pooled: number;
  /** r of the truth and of the prediction with the user, over all sequences flattened. */
  readonly rTruth: number;
  readonly rPredicted: number;
  /** |mean r by dimension of the truth - of the prediction|, mean over sequences: a diagnostic of our own. */
  readonly byDimension: number;
};

/** Lag of the highest correlation with the user, in frames; positive: after the user. */
export type SynchronyFigure = {
  readonly lagPredicted: number;
  readonly lagTruth: number;
  /** REACT's FRSyn: mean of |lag| of the prediction. */
  readonly frSyn: number;
  readonly frSynTruth: number;
  readonly skippedDimensions: number;
};

/** All figures of one group of columns. Lower is better for mse, fd, pfd, rpcc; var and sid are better near the truth's. */
export type GroupFigures = {
  readonly columns: readonly string[];
  readonly mse: number;
  readonly fd: FrechetFigure;
  readonly pfd: FrechetFigure | undefined;
  readonly var: {
    readonly value: number;
    readonly truth: number;
    readonly kind: VariationKind;
    readonly ddof: 0;
    /** Mean |second difference| fps^2: jitter raises Var, and this shows it. */
    readonly jerkiness: number;
    readonly jerkinessOfTruth: number;
  };
  readonly sid: ShannonFigure | undefined;
  readonly rpcc: ReactivenessFigure | undefined;
  readonly tlcc: SynchronyFigure | undefined;
  readonly sts: number | undefined;
};

/** One clip, one group of columns: tracks of equal length, [T, D] each. */
export type AlignedClip = {
  readonly predicted: Float64Array[];
  readonly truth: Float64Array[];
  readonly user: Float64Array[] | undefined;
};

/** All figures of one group over all clips. */
export async function measureGroup(task: {
  group: GroupName;
  columns: readonly string[];
  clips: readonly AlignedClip[];
  preset: Preset;
  fps: number;
  frozen: Centroids | undefined;
}): Promise<GroupFigures> {
  const { group, columns, clips, preset, fps, frozen } = task;
  const withUser = clips.filter((clip): clip is AlignedClip & { user: Float64Array[] } => clip.user !== undefined);
  const each = (measureOne: (clip: AlignedClip) => number) => average(clips.map(measureOne));
  const spread = (pick: (clip: AlignedClip) => Float64Array[]) =>
    preset.varPooling === "pooled"
      ? variation(clips.flatMap(pick), preset.var)
      : each((clip) => variation(pick(clip), preset.var));
  return {
    columns,
    mse: each(({ truth, predicted }) => meanSquaredError(truth, predicted)),
    fd: frechetFigure(clips.map(({ truth, predicted }) => [truth, predicted])),
    pfd:
      withUser.length === 0
        ? undefined
        : frechetFigure(
            withUser.map(({ truth, predicted, user }) => [pairFrames(user, truth), pairFrames(user, predicted)]),
          ),
    var: {
      value: spread(({ predicted }) => predicted),
      truth: spread(({ truth }) => truth),
      kind: preset.var,
      ddof: 0,
      jerkiness: each(({ predicted }) => jerkiness(predicted, fps)),
      jerkinessOfTruth: each(({ truth }) => jerkiness(truth, fps)),
    },
    sid: await shannonFigure(clips, preset, preset.sid.k[group], frozen),
    rpcc: withUser.length === 0 ? undefined : reactivenessFigure(withUser, preset.rpcc),
    tlcc: withUser.length === 0 ? undefined : synchronyFigure(withUser, fps),
    sts: preset.sts ? each(({ truth, predicted }) => stepDifference(truth, predicted)) : undefined,
  };
}

function frechetFigure(pairs: readonly (readonly [truth: Float64Array[], predicted: Float64Array[]])[]): FrechetFigure {
  const bySequence = pairs.map(([truth, predicted]) => frechetOfSamples(truth, predicted));
  const pooled = frechetOfSamples(
    pairs.flatMap(([truth]) => truth),
    pairs.flatMap(([, predicted]) => predicted),
  );
  const halves = pairs.filter(([truth]) => truth.length >= 4);
  const splitHalf = halves.map(([truth]) =>
    frechetOfSamples(truth.slice(0, truth.length >> 1), truth.slice(truth.length >> 1)),
  );
  const bias = pairs.map(([truth, predicted]) => expectedBias(fitGaussian(truth), truth.length, predicted.length));
  return {
    value: average(bySequence),
    pooled,
    ddof: 1,
    splitHalfOfTruth: average(splitHalf),
    knownBias: average(bias),
    rankDeficient: pairs.filter(([truth]) => truth.length <= truth[0]!.length).length,
    bySequence,
  };
}

async function shannonFigure(
  clips: readonly AlignedClip[],
  preset: Preset,
  k: number | undefined,
  frozen: Centroids | undefined,
): Promise<ShannonFigure | undefined> {
  if (k === undefined) return undefined;
  const { pooling, argumentsSwapped } = preset.sid;
  const common = { logBase: 2, epsilon: SID_EPSILON, argumentsSwapped } as const;
  if (argumentsSwapped) {
    const usable = clips.filter(({ predicted }) => predicted.length >= k);
    if (usable.length === 0) return undefined;
    const scores = usable.map(({ predicted, truth }) => {
      const centres = fitCentroids(predicted, { k });
      return { value: shannonIndex(truth, centres), truth: shannonIndex(predicted, centres) };
    });
    const value = average(scores.map((score) => score.value));
    const pooled = Number.NaN; // each file has its own clusters
    const truth = average(scores.map((score) => score.truth));
    return {
      value,
      perSequence: value,
      pooled,
      truth,
      normalised: value / Math.log2(k),
      k,
      centroidHash: undefined,
      ...common,
    };
  }
  const frames = clips.flatMap(({ truth }) => truth);
  if (frozen === undefined && frames.length < k) return undefined;
  const { centres, hash } = frozen ?? (await hashCentroids(fitCentroids(frames, { k })));
  const perSequence = average(clips.map(({ predicted }) => shannonIndex(predicted, centres)));
  const pooled = shannonIndex(
    clips.flatMap(({ predicted }) => predicted),
    centres,
  );
  const truth =
    pooling === "pooled"
      ? shannonIndex(frames, centres)
      : average(clips.map((clip) => shannonIndex(clip.truth, centres)));
  const value = pooling === "pooled" ? pooled : perSequence;
  const used = centres.length;
  return {
    value,
    perSequence,
    pooled,
    truth,
    normalised: value / Math.log2(used),
    k: used,
    centroidHash: hash,
    ...common,
  };
}

function reactivenessFigure(
  clips: readonly (AlignedClip & { user: Float64Array[] })[],
  pooling: Pooling,
): ReactivenessFigure {
  const perSequence = average(
    clips.map((clip) => reactiveness(clip).difference).filter((value) => !Number.isNaN(value)),
  );
  const all = reactiveness({
    user: clips.flatMap(({ user }) => user),
    truth: clips.flatMap(({ truth }) => truth),
    predicted: clips.flatMap(({ predicted }) => predicted),
  });
  const byDimension = average(
    clips.map((clip) => reactivenessByDimension(clip).meanThenAbsolute).filter((value) => !Number.isNaN(value)),
  );
  const value = pooling === "pooled" ? all.difference : perSequence;
  return { value, perSequence, pooled: all.difference, rTruth: all.rTruth, rPredicted: all.rPredicted, byDimension };
}

function synchronyFigure(clips: readonly (AlignedClip & { user: Float64Array[] })[], fps: number): SynchronyFigure {
  const made = clips.map(({ user, predicted }) => laggedCorrelation(user, predicted, { fps }));
  const real = clips.map(({ user, truth }) => laggedCorrelation(user, truth, { fps }));
  const lags = (all: typeof made) => all.map(({ bestLag }) => bestLag).filter((lag) => !Number.isNaN(lag));
  return {
    lagPredicted: average(lags(made)),
    lagTruth: average(lags(real)),
    frSyn: average(lags(made).map(Math.abs)),
    frSynTruth: average(lags(real).map(Math.abs)),
    skippedDimensions: Math.max(...made.map(({ skippedDimensions }) => skippedDimensions)),
  };
}

/** What a reader must know of distances over so few frames. */
export function biasNotes(group: GroupName, { fd, pfd, sid }: GroupFigures, clips: readonly AlignedClip[]): string[] {
  const notes: string[] = [];
  const shortest = Math.min(...clips.map(({ truth }) => truth.length));
  for (const [name, figure, width] of [
    ["FD", fd, 1],
    ["P-FD", pfd, 2],
  ] as const) {
    if (figure === undefined) continue;
    const share = figure.knownBias / Math.max(figure.value, 1e-12);
    const dimensions = clips[0]!.truth[0]!.length * width;
    if (figure.rankDeficient > 0)
      notes.push(
        `${group} ${name}: ${figure.rankDeficient} of ${clips.length} sequences have no more frames than dimensions (${dimensions})`,
      );
    // P-FD: the user's half is the same on both sides, so independent samples are no measure of its bias
    if (name === "FD" && share > 0.1)
      notes.push(
        `${group} FD: two independent samples of the truth's own Gaussian would give ${figure.knownBias.toPrecision(2)} at these lengths, the figure is ${figure.value.toPrecision(2)} (${dimensions} dimensions, shortest sequence ${shortest} frames); compare only clips of one length`,
      );
  }
  if (sid === undefined) notes.push(`${group} SID: too few frames for its clusters`);
  return notes;
}
