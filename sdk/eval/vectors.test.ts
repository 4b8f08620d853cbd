import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import vectors from "../../fixtures/metrics/vectors.json" with { type: "json" };
import { column, concordance, laggedCorrelation, reactiveness, reactivenessByDimension } from "./correlation.js";
import { dynamicTimeWarping } from "./dynamic-time-warping.js";
import { frameTiming, networkJitter } from "./frame-timing.js";
import { fitGaussian, frechetDistance, frechetOfSamples } from "./frechet.js";
import { cosineSimilarity, type Point, similarityTransform } from "./identity.js";
import { lipSync } from "./lip-sync.js";
import { FILTER_BINS, mfcc } from "./mfcc.js";
import { meanSquaredError, pairFrames, stepDifference, variation } from "./motion.js";
import {
  acrossSpeakerDiversity,
  facialCorrelation,
  facialDistance,
  facialSynchrony,
  facialVariance,
  reactionDistance,
  withinSpeakerDiversity,
} from "./react.js";
import { clusterHistogram, entropyBits, fitCentroids, shannonIndex } from "./shannon-index.js";

/** Every vector of fixtures/metrics/vectors.json is a test here. Tolerances are the file's own, 1e-9 where it names none. */
function near(value: unknown, expected: unknown, tolerance = 1e-9): void {
  if (typeof expected === "number") {
    expect(Math.abs((value as number) - expected), `${value} is not ${expected}`).toBeLessThanOrEqual(tolerance);
    return;
  }
  const [values, wanted] = [value as ArrayLike<unknown>, expected as ArrayLike<unknown>];
  expect(values.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) near(values[i], wanted[i], tolerance);
}
const rows = (values: readonly number[]) => values.map((value) => [value]);

describe("Fréchet distance", () => {
  it.each(vectors.frechet_from_stats)("from statistics: $note", ({ mu1, sigma1, mu2, sigma2, expected }) => {
    const gaussian = (mean: number[], covariance: number[][]) => ({
      mean: Float64Array.from(mean),
      covariance: new Matrix(covariance),
    });
    near(frechetDistance(gaussian(mu1, sigma1), gaussian(mu2, sigma2)), expected);
  });

  it.each(vectors.frechet_from_samples)("from samples, ddof $ddof: $expected", ({ x, y, ddof, expected, tol }) => {
    near(frechetOfSamples(x, y, { ddof: ddof as 0 | 1 }), expected, tol);
  });

  it("differs by sequence and pooled", () => {
    const { gt, pred, per_sequence_mean, pooled } = vectors.fd_per_sequence_vs_pooled;
    near(
      gt.reduce((sum, truth, i) => sum + frechetOfSamples(truth, pred[i]!) / gt.length, 0),
      per_sequence_mean,
    );
    near(frechetOfSamples(gt.flat(), pred.flat()), pooled);
  });

  it("paired sees the order that the unpaired one cannot", () => {
    const { user, gt, pred, fd_unpaired, p_fd, tol } = vectors.paired_fd;
    near(frechetOfSamples(rows(gt), rows(pred)), fd_unpaired);
    near(frechetOfSamples(pairFrames(rows(user), rows(gt)), pairFrames(rows(user), rows(pred))), p_fd, tol);
  });

  it("refuses one sample with ddof 1", () => {
    expect(() => fitGaussian([[1, 2]])).toThrow(/more than 1 rows/);
  });
});

it("MSE, Var in three meanings, FRVar, STS", () => {
  const v = vectors.var_mse_sts;
  near(meanSquaredError(v.seq, v.pred), v.mse);
  near(variation(v.seq), v.var_mean_over_dims_ddof0);
  near(variation(v.seq, "sum-over-dimensions"), v.var_sum_over_dims_ddof0);
  near(variation(v.seq, "flattened"), v.var_flattened_ddof0);
  near(facialVariance([[v.seq]]), v.frvar_ddof1);
  near(stepDifference(v.seq, v.pred), v.sts);
});

it("SID: histogram, bits with and without epsilon, nats, share of log2 k, and the centres themselves", () => {
  const v = vectors.sid;
  const shares = clusterHistogram(v.pred, v.centroids);
  near(shares, v.histogram);
  near(entropyBits(shares, 0), v.entropy_bits);
  near(shannonIndex(v.pred, v.centroids), v.entropy_bits_eps1e6);
  near(entropyBits(shares, 0) * Math.LN2, v.entropy_nats);
  near(entropyBits(shares, 0) / Math.log2(v.k), v.normalised);
  const order = ([ax, ay]: number[], [bx, by]: number[]) => ay! - by! || ax! - bx!;
  const fitted = fitCentroids(v.gt, { k: v.k }).sort(order);
  near(fitted, v.centroids);
});

it("rPCC, flattened and by dimension", () => {
  const v = vectors.rpcc;
  const tracks = { user: v.user, truth: v.gt, predicted: v.pred };
  const flat = reactiveness(tracks);
  near(flat.rTruth, v.pcc_gt_flat);
  near(flat.rPredicted, v.pcc_pred_flat);
  near(flat.difference, v.rpcc_flat);
  const each = reactivenessByDimension(tracks);
  near(each.rTruth, v.pcc_gt_per_dim);
  near(each.rPredicted, v.pcc_pred_per_dim);
  near(each.meanThenAbsolute, v.rpcc_per_dim_mean_then_abs);
  near(each.absoluteThenMean, v.rpcc_per_dim_abs_then_mean);
});

it("LSE-D, LSE-C and offset", () => {
  const v = vectors.syncnet;
  const result = lipSync(v.video, v.audio, { vshift: v.vshift });
  near(result.meanDistances, v.mdist);
  near(result.distance, v.lse_d);
  near(result.confidence, v.lse_c);
  expect(result.offset).toBe(v.offset);
});

it.each(vectors.ccc)("CCC $expected", ({ y_true, y_pred, expected }) => {
  near(concordance(y_true, y_pred, 0), expected);
  near(concordance([1, 2, 3], [1, 3, 5]), 0.6153846139644971); // with the 1e-8 of the denominator, as the note says
});

it.each(vectors.dtw)("DTW $expected", ({ a, b, expected }) => near(dynamicTimeWarping(a, b), expected));

it("FRVar, FRDiv, FRDvs", () => {
  const v = vectors.react_diversity;
  near(facialVariance(v.preds_N_M_T_D), v.FRVar);
  near(withinSpeakerDiversity(v.preds_N_M_T_D), v.FRDiv);
  near(acrossSpeakerDiversity(v.preds_N_M_T_D), v.FRDvs);
});

it("FRCorr", () => {
  const v = vectors.react_frcorr;
  const appropriate = v.neighbours.map((mask) => mask.flatMap((on, i) => (on ? [i] : [])));
  const result = facialCorrelation({ truths: v.gt, predictions: v.preds, appropriate });
  near(result.bySpeaker, v.per_speaker, v.tol);
  near(result.value, v.FRCorr, v.tol);
});

it("FRDist", () => {
  const truth = Array.from({ length: 2 }, () => new Array<number>(25).fill(0));
  const predicted = truth.map((row, t) =>
    row.map((_, d) => (d === 0 ? 1 : d === 15 && t === 0 ? 0.5 : d === 17 ? 0.8 : 0)),
  );
  near(reactionDistance(truth, predicted), vectors.react_frdist.expected);
  near(
    facialDistance({ truths: [truth], predictions: [[predicted]], appropriate: [[0]] }),
    vectors.react_frdist.expected,
  );
});

it("TLCC and FRSyn", () => {
  const v = vectors.tlcc;
  const result = laggedCorrelation(rows(v.speaker), rows(v.listener), { fps: v.fps, seconds: v.seconds });
  expect(result.lags).toEqual(v.lags);
  near(result.correlation, v.corr, v.tol);
  expect(result.bestLag).toBe(v.argmax_lag);
  near(facialSynchrony({ speakers: [rows(v.speaker)], predictions: [[rows(v.listener)]], fps: v.fps }), v.FRSyn);
});

it("TLCC leaves out what does not move, and says so", () => {
  const { speaker, listener } = vectors.tlcc;
  const pair = (values: number[]) => values.map((value) => [value, 0.5]);
  const result = laggedCorrelation(pair(speaker), pair(listener), { fps: 2 });
  expect(result).toMatchObject({ bestLag: 1, skippedDimensions: 1 });
});

it("MFCC of a tone and of silence", () => {
  const v = vectors.mfcc;
  const tone = Array.from({ length: 800 }, (_, n) => Math.round(10_000 * Math.sin((2 * Math.PI * 440 * n) / 16_000)));
  const result = mfcc(tone);
  expect([result.length, result[0]!.length]).toEqual(v.shape);
  near(result[0], v.frame0, v.tol);
  near(result[3], v.frame3, v.tol);
  expect(FILTER_BINS).toEqual(v.filterbank_bins);
  near(mfcc(new Int16Array(800))[0]![0]!, v.silence_c0, v.tol);
});

it.each(vectors.csim)("CSIM $expected", ({ a, b, expected }) => near(cosineSimilarity(a, b), expected));

it("alignment of a face", () => {
  const { src, M, tol } = vectors.arcface_align;
  const map = similarityTransform(src as unknown as Point[]);
  near(map, M, tol);
});

it("jitter of RFC 3550", () => {
  const { sent_ms, received_ms, expected_ms } = vectors.rtp_jitter_rfc3550;
  near(networkJitter({ sentMs: sent_ms, receivedMs: received_ms }), expected_ms);
});

it("frame timing and freezes", () => {
  const v = vectors.frame_timing;
  const result = frameTiming(v.render_ms);
  near(result.totalInterFrameDelayS, v.totalInterFrameDelay);
  near(result.totalSquaredInterFrameDelayS2, v.totalSquaredInterFrameDelay);
  expect(result.frames - 1).toBe(v.n_delays);
  near(result.varianceS2, v.variance_s2);
  near(result.standardDeviationMs, v.std_ms, 1e-6);
  expect(result.freezeCount).toBe(v.freezeCount);
  near(result.totalFreezesDurationS, v.totalFreezesDuration);
});

it("has a test for every vector", () => {
  expect(Object.keys(vectors)).toHaveLength(19);
  expect(column([[1, 2]], 1)).toEqual(Float64Array.of(2));
});
