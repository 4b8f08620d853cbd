import { type AlignedClip, biasNotes, type GroupFigures, measureGroup } from "./group-figures.js";
import {
  type FeatureSpace,
  featureGroups,
  type GroupName,
  type MotionTrack,
  resampleTrack,
  selectColumns,
} from "./motion-track.js";
import { PRESETS, type PresetName } from "./presets.js";
import { type Centroids, fitCentroids, hashCentroids } from "./shannon-index.js";

/** One clip: what was made, what was true, and, where there is one, the user's motion in the same frames. */
export type MotionSequence = {
  readonly name: string;
  readonly predicted: MotionTrack;
  readonly truth: MotionTrack;
  readonly user?: MotionTrack | undefined;
};

/** What `evaluateMotion` gives: figures, and everything that a figure is worth nothing without. */
export type MotionReport = {
  readonly preset: PresetName;
  readonly featureSpace: FeatureSpace;
  readonly fps: number;
  readonly sequences: number;
  readonly frameCounts: readonly number[];
  readonly groups: Readonly<Partial<Record<GroupName, GroupFigures>>>;
  /** Figures that are NaN: correlations of tracks that do not move. */
  readonly nanCount: number;
  readonly notes: readonly string[];
};

/** Frozen centres by group, as {@link fitMotionCentroids} makes them. */
export type MotionCentroids = Readonly<Partial<Record<GroupName, Centroids>>>;

/**
 * The paper's metrics of motion, expression and pose apart. Tracks are brought to one rate (`fps`, by default the first truth's) and cut to their common length.
 * @throws TypeError for no sequences, tracks of different feature spaces, fewer than 2 common frames
 */
export async function evaluateMotion(options: {
  sequences: readonly MotionSequence[];
  /** @default "echo-text" */
  preset?: PresetName | undefined;
  fps?: number | undefined;
  /** Frozen centres for SID. @default fitted to the truth */
  centroids?: MotionCentroids | undefined;
}): Promise<MotionReport> {
  const preset = PRESETS[options.preset ?? "echo-text"];
  const { sequences, fps, space, groups } = prepare(options);
  const figures: Partial<Record<GroupName, GroupFigures>> = {};
  const notes: string[] = [...preset.remarks];
  for (const group of preset.groups) {
    const columns = groups[group];
    if (columns === undefined) continue;
    const clips = sequences.map((sequence) => align(sequence, columns));
    figures[group] = await measureGroup({ group, columns, clips, preset, fps, frozen: options.centroids?.[group] });
    notes.push(...biasNotes(group, figures[group], clips));
  }
  if (space === "arkit-52") notes.push("ARKit-52: not comparable with tables on FLAME or 3DMM coefficients");
  return {
    preset: preset.name,
    featureSpace: space,
    fps,
    sequences: sequences.length,
    frameCounts: sequences.map(commonLength),
    groups: figures,
    nanCount: countNaN(figures),
    notes,
  };
}

/** Fits the centres of SID to the truth of a whole test set once, so that later runs share them. */
export async function fitMotionCentroids(options: {
  sequences: readonly MotionSequence[];
  preset?: PresetName | undefined;
  fps?: number | undefined;
}): Promise<MotionCentroids> {
  const preset = PRESETS[options.preset ?? "echo-text"];
  const { sequences, groups } = prepare(options);
  const all: Partial<Record<GroupName, Centroids>> = {};
  for (const group of preset.groups) {
    const [columns, k] = [groups[group], preset.sid.k[group]];
    if (columns === undefined || k === undefined) continue;
    const frames = sequences.flatMap(({ truth }) => selectColumns(truth, columns));
    if (frames.length >= k) all[group] = await hashCentroids(fitCentroids(frames, { k }));
  }
  return all;
}

function prepare({ sequences, fps }: { sequences: readonly MotionSequence[]; fps?: number | undefined }) {
  const [first] = sequences;
  if (first === undefined) throw new TypeError("options.sequences must have at least one sequence");
  const rate = fps ?? first.truth.fps;
  const { space, groups } = featureGroups(first.truth.columns);
  const resampled = sequences.map(({ name, predicted, truth, user }) => {
    for (const track of [predicted, truth, user])
      if (track !== undefined && featureGroups(track.columns).space !== space)
        throw new TypeError(`sequence ${name}: all tracks must be ${space}`);
    if (Math.min(predicted.frames.length, truth.frames.length, user?.frames.length ?? 2) < 2)
      throw new TypeError(`sequence ${name} must have at least 2 frames in common`);
    return {
      name,
      predicted: resampleTrack(predicted, rate),
      truth: resampleTrack(truth, rate),
      user: user && resampleTrack(user, rate),
    };
  });
  return { sequences: resampled, fps: rate, space, groups };
}

/** Frames that a sequence is cut to. */
function commonLength({ predicted, truth, user }: MotionSequence): number {
  return Math.min(predicted.frames.length, truth.frames.length, user?.frames.length ?? Number.POSITIVE_INFINITY);
}

function align(sequence: MotionSequence, columns: readonly string[]): AlignedClip {
  const { predicted, truth, user } = sequence;
  const length = commonLength(sequence);
  const cut = (track: MotionTrack) => selectColumns(track, columns).slice(0, length);
  return { predicted: cut(predicted), truth: cut(truth), user: user && cut(user) };
}

function countNaN(value: unknown): number {
  if (typeof value === "number") return Number.isNaN(value) ? 1 : 0;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, part) => sum + countNaN(part), 0);
}
