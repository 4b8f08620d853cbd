import { average, concordance, laggedCorrelation } from "./correlation.js";
import { dynamicTimeWarping } from "./dynamic-time-warping.js";
import type { Rows } from "./frechet.js";

/** Predictions [N speakers][M tries][T, D]. */
export type Predictions = readonly (readonly Rows[])[];

/** Parts of REACT's 25 attributes: 15 action units, valence and arousal, 8 expressions; each with its weight in FRDist. */
export const REACT_PARTS = [
  { name: "action units", from: 0, to: 15, weight: 1 / 15 },
  { name: "valence, arousal", from: 15, to: 17, weight: 1 },
  { name: "expressions", from: 17, to: 25, weight: 1 / 8 },
] as const;

/** FRVar: mean over predictions and dimensions of the variance over time, ddof 1 (torch.var). */
export function facialVariance(predictions: Predictions): number {
  return average(
    predictions.flat().flatMap((rows) =>
      Array.from({ length: rows[0]?.length ?? 0 }, (_, d) => {
        const values = rows.map((row) => row[d]!);
        const centre = average(values);
        return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
      }),
    ),
  );
}

/** FRDiv: squared distance between the tries for one speaker, over M (M - 1) T D, mean over speakers. */
export function withinSpeakerDiversity(predictions: Predictions): number {
  return average(predictions.map((tries) => meanPairDistance(tries)));
}

/** FRDvs: squared distance between speakers at the same try, over N (N - 1) M T D. */
export function acrossSpeakerDiversity(predictions: Predictions): number {
  const tries = predictions[0]?.length ?? 0;
  return average(Array.from({ length: tries }, (_, m) => meanPairDistance(predictions.map((speaker) => speaker[m]!))));
}

/**
 * FRCorr: for each speaker the sum over its M predictions of the best concordance with an appropriate reaction; the mean over speakers.
 * `appropriate[i]` lists the indices in `truths` that suit speaker i.
 */
export function facialCorrelation(options: {
  truths: readonly Rows[];
  predictions: Predictions;
  appropriate: readonly (readonly number[])[];
}): { readonly value: number; readonly bySpeaker: readonly number[] } {
  const bySpeaker = options.predictions.map((tries, i) =>
    tries.reduce(
      (sum, rows) => sum + Math.max(...options.appropriate[i]!.map((n) => meanConcordance(options.truths[n]!, rows))),
      0,
    ),
  );
  return { value: average(bySpeaker), bySpeaker };
}

/** FRDist of one prediction [T, 25] from one truth [T, 25]: time-warped distances of the three parts, weighted. */
export function reactionDistance(truth: Rows, predicted: Rows): number {
  const part = (rows: Rows, from: number, to: number) => rows.map((row) => Array.from(row).slice(from, to));
  return REACT_PARTS.reduce(
    (sum, { from, to, weight }) => sum + weight * dynamicTimeWarping(part(truth, from, to), part(predicted, from, to)),
    0,
  );
}

/** FRDist: for each speaker the sum over predictions of the least {@link reactionDistance} to an appropriate reaction; the mean over speakers. */
export function facialDistance(options: {
  truths: readonly Rows[];
  predictions: Predictions;
  appropriate: readonly (readonly number[])[];
}): number {
  return average(
    options.predictions.map((tries, i) =>
      tries.reduce(
        (sum, rows) =>
          sum + Math.min(...options.appropriate[i]!.map((n) => reactionDistance(options.truths[n]!, rows))),
        0,
      ),
    ),
  );
}

/** FRSyn: mean of |best lag| in frames over all predictions (the reference's parallel code counts the first try only; this counts all). */
export function facialSynchrony(options: { speakers: readonly Rows[]; predictions: Predictions; fps: number }): number {
  const offsets = options.predictions.flatMap((tries, i) =>
    tries.map((rows) => Math.abs(laggedCorrelation(options.speakers[i]!, rows, { fps: options.fps }).bestLag)),
  );
  return average(offsets.filter((offset) => !Number.isNaN(offset)));
}

function meanConcordance(truth: Rows, predicted: Rows): number {
  const width = truth[0]?.length ?? 0;
  return average(
    Array.from({ length: width }, (_, d) =>
      concordance(
        truth.map((row) => row[d]!),
        predicted.map((row) => row[d]!),
      ),
    ),
  );
}

function meanPairDistance(tracks: readonly Rows[]): number {
  const [first] = tracks;
  const size = (first?.length ?? 0) * (first?.[0]?.length ?? 0);
  let sum = 0;
  for (const [i, a] of tracks.entries())
    for (const [j, b] of tracks.entries()) {
      if (i === j) continue;
      for (const [t, row] of a.entries()) for (let d = 0; d < row.length; d++) sum += (row[d]! - b[t]![d]!) ** 2;
    }
  return sum / (tracks.length * (tracks.length - 1) * size);
}
