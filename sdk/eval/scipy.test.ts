import { Matrix } from "ml-matrix";
import { expect, it } from "vitest";
import golden from "../../fixtures/metrics/scipy.json" with { type: "json" };
import { reactiveness } from "./correlation.js";
import { expectedBias, frechetDistance, frechetOfSamples } from "./frechet.js";
import { variation } from "./motion.js";
import { shannonIndex } from "./shannon-index.js";

/** numpy's and scipy's answers, made by fixtures/metrics/make_scipy.py. */
it.each(golden.frechet.map((row) => ({ ...row, frames: row.x.length, width: row.x[0]!.length })))(
  "Fréchet distance of $frames x $width, ddof $ddof, as scipy's sqrtm gives it",
  ({ x, y, ddof, frechet }) => {
    expect(Math.abs(frechetOfSamples(x, y, { ddof: ddof as 0 | 1 }) / frechet - 1)).toBeLessThan(1e-8);
  },
);

it("Fréchet distance of two covariances alone", () => {
  const { a, b, frechet } = golden.covariances;
  const gaussian = (covariance: number[][]) => ({ mean: new Float64Array(6), covariance: new Matrix(covariance) });
  expect(frechetDistance(gaussian(a), gaussian(b))).toBeCloseTo(frechet, 10);
});

it("SID, rPCC and Var", () => {
  expect(shannonIndex(golden.sid.pred, golden.sid.centres)).toBeCloseTo(golden.sid.bits, 10);
  const { user, truth, pred, rTruth, rPredicted } = golden.rpcc;
  const result = reactiveness({ user, truth, predicted: pred });
  expect(result.rTruth).toBeCloseTo(rTruth, 10);
  expect(result.rPredicted).toBeCloseTo(rPredicted, 10);
  expect(variation(golden.variance.x)).toBeCloseTo(golden.variance.meanOverDimensions, 10);
  expect(variation(golden.variance.x, "flattened")).toBeCloseTo(golden.variance.flattened, 10);
});

it("the known bias is what pairs of samples of one Gaussian give", () => {
  const { scales, first, second, mean, error } = golden.bias;
  const truth = { mean: new Float64Array(8), covariance: Matrix.diag(scales.map((scale) => scale * scale)) };
  const predicted = expectedBias(truth, first, second);
  expect(Math.abs(predicted - mean)).toBeLessThan(4 * error + 0.05 * mean); // first order only: within 5 %
});
