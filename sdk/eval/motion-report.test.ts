import { describe, expect, it } from "vitest";
import { NormalRandom } from "../base/normal-random.js";
import { ARKIT_BLENDSHAPES } from "../protocol/arkit.js";
import { frechetOfSamples } from "./frechet.js";
import { evaluateMotion, fitMotionCentroids, type MotionSequence } from "./motion-report.js";
import { featureGroups, type MotionTrack, parseMotionCsv, resampleTrack, selectColumns } from "./motion-track.js";

const COLUMNS = [...ARKIT_BLENDSHAPES, "headYaw", "headPitch", "headRoll", "headX"];

/** A smooth random walk of 56 columns. */
function walk(seed: number, frames = 80, fps = 25): MotionTrack {
  const noise = new NormalRandom(seed);
  const row = new Float32Array(COLUMNS.length);
  const at = new Float64Array(COLUMNS.length);
  return {
    columns: COLUMNS,
    fps,
    frames: Array.from({ length: frames }, () => {
      noise.fill(row);
      return at.map((value, d) => {
        at[d] = 0.9 * value + 0.05 * row[d]!;
        return at[d]!;
      });
    }),
  };
}
const sequence = (seed: number, frames?: number): MotionSequence => ({
  name: `s${seed}`,
  predicted: walk(seed, frames),
  truth: walk(seed + 100, frames),
  user: walk(seed + 200, frames),
});

describe("evaluateMotion", () => {
  it("measures expression and pose apart and says how", async () => {
    const report = await evaluateMotion({ sequences: [sequence(1), sequence(2, 60)] });
    expect(report).toMatchObject({
      preset: "echo-text",
      featureSpace: "arkit-52",
      fps: 25,
      sequences: 2,
      frameCounts: [80, 60],
    });
    const { exp, pose } = report.groups;
    expect(exp!.columns).toEqual(ARKIT_BLENDSHAPES);
    expect(pose!.columns).toEqual(["headYaw", "headPitch", "headRoll"]);
    expect(exp!.sid).toMatchObject({ k: 15, logBase: 2, epsilon: 1e-6, argumentsSwapped: false });
    expect(pose!.sid!.k).toBe(9);
    expect(exp!.sid!.value).toBe(exp!.sid!.perSequence);
    expect(exp!.fd.ddof).toBe(1);
    expect(exp!.fd.bySequence).toHaveLength(2);
    expect(pose!.var.kind).toBe("mean-over-dimensions");
    expect(exp!.sts).toBeUndefined();
    expect(report.notes.join("\n")).toMatch(/exp P-FD: 2 of 2 sequences have no more frames than dimensions \(104\)/);
    expect(report.notes.at(-1)).toMatch(/not comparable with tables on FLAME/);
  });

  it("states the frames that were really compared: those that the user has too", async () => {
    const report = await evaluateMotion({ sequences: [{ ...sequence(1), user: walk(201, 70) }] });
    expect(report.frameCounts).toEqual([70]);
  });

  it("gives the best numbers to the truth itself", async () => {
    const { truth, user } = sequence(3);
    const report = await evaluateMotion({ sequences: [{ name: "same", predicted: truth, truth, user }] });
    const { exp } = report.groups;
    expect(exp!.mse).toBe(0);
    expect(exp!.fd.value).toBeCloseTo(0, 6);
    expect(exp!.rpcc!.value).toBe(0);
    expect(exp!.sid!.value).toBe(exp!.sid!.truth);
    expect(exp!.tlcc!.lagPredicted).toBe(exp!.tlcc!.lagTruth);
  });

  it("follows DIM: pooled SID of 40 and 20, flattened Var, STS", async () => {
    const { groups } = await evaluateMotion({ sequences: [sequence(1), sequence(2)], preset: "dim-code" });
    expect(groups.exp!.sid).toMatchObject({ k: 40 });
    expect(groups.exp!.sid!.value).toBe(groups.exp!.sid!.pooled);
    expect(groups.exp!.rpcc!.value).toBe(groups.exp!.rpcc!.pooled);
    expect(groups.exp!.var.kind).toBe("flattened");
    expect(groups.exp!.sts).toBeGreaterThan(0);
  });

  it("follows DualTalk: the arguments of SID swapped, by file; jaw and head apart where they exist", async () => {
    const arkit = await evaluateMotion({ sequences: [sequence(1)], preset: "dualtalk-code" });
    expect(arkit.groups.exp!.sid).toMatchObject({ k: 40, argumentsSwapped: true, centroidHash: undefined });
    const flame = (track: MotionTrack): MotionTrack => ({
      ...track,
      columns: COLUMNS.map((_, i) => (i < 50 ? `exp_${i}` : i < 53 ? `head_${i - 50}` : `jaw_${i - 53}`)),
    });
    const { predicted, truth } = sequence(1);
    const report = await evaluateMotion({
      sequences: [{ name: "flame", predicted: flame(predicted), truth: flame(truth) }],
      preset: "dualtalk-code",
    });
    expect(report.featureSpace).toBe("flame-56");
    expect(Object.keys(report.groups)).toEqual(["exp", "jaw", "head", "pose"]);
    expect(report.groups.pose!.columns).toEqual(["head_0", "head_1", "head_2", "jaw_0", "jaw_1", "jaw_2"]);
    expect(report.groups.exp!.pfd).toBeUndefined();
  });

  it("takes frozen centres and states their hash", async () => {
    const sequences = [sequence(1), sequence(2)];
    const centroids = await fitMotionCentroids({ sequences });
    const own = await evaluateMotion({ sequences });
    const frozen = await evaluateMotion({ sequences: [sequence(5)], centroids });
    expect(frozen.groups.exp!.sid!.centroidHash).toBe(centroids.exp!.hash);
    expect(own.groups.exp!.sid!.centroidHash).toBe(centroids.exp!.hash); // fitted to the same truth, the same everywhere
  });

  it("counts what is not a number: a face that stands still has no correlation", async () => {
    const { truth, user } = sequence(4);
    const still: MotionTrack = { ...truth, frames: truth.frames.map(() => new Float64Array(COLUMNS.length)) };
    const report = await evaluateMotion({ sequences: [{ name: "still", predicted: still, truth, user }] });
    expect(report.groups.exp!.rpcc!.value).toBeNaN();
    expect(report.nanCount).toBeGreaterThan(0);
    expect(report.groups.exp!.var.value).toBe(0);
  });

  it("refuses nothing, mixed spaces and too few frames", async () => {
    await expect(evaluateMotion({ sequences: [] })).rejects.toThrow(/at least one sequence/);
    const short = walk(1, 1);
    await expect(evaluateMotion({ sequences: [{ name: "x", predicted: short, truth: short }] })).rejects.toThrow(
      /2 frames/,
    );
  });
});

describe("motion tracks", () => {
  it("are read from CSV, with the rate of time_s", () => {
    const names = ARKIT_BLENDSHAPES.join(",");
    const values = ARKIT_BLENDSHAPES.map((_, i) => i / 100).join(",");
    const track = parseMotionCsv(`frame,time_s,${names}\n0,0,${values}\n1,0.033333,${values}\n`, { file: "a.csv" });
    expect(track.fps).toBe(30);
    expect(featureGroups(track.columns)).toMatchObject({ space: "arkit-52", groups: { exp: ARKIT_BLENDSHAPES } });
    expect(selectColumns(track, ["jawOpen"])[1]![0]).toBe(0.17);
  });

  it.each([
    ["a,b\n1\n", /a.csv, line 2: there must be 2 values/],
    ["a,b\n1,x\n", /line 2, b: "x" is not a finite number/],
    ["a,b\n", /there are no frames/],
    ["1,2\n3,4\n", /line 1: the first line must name/],
    ["a,a\n3,4\n", /named twice/],
    ["a,b\n1,\n", /line 2, b: "" is not/],
  ])("are refused where they break a rule: %j", (text, rule) => {
    expect(() => parseMotionCsv(text, { file: "a.csv" })).toThrow(rule);
  });

  it("are brought to another rate on straight lines", () => {
    const track: MotionTrack = { columns: ["a"], fps: 50, frames: [0, 1, 2, 3, 4].map((v) => Float64Array.of(v)) };
    expect(resampleTrack(track, 25).frames.map(([v]) => v)).toEqual([0, 2, 4]);
    expect(resampleTrack(track, 100).frames.map(([v]) => v)).toEqual(
      [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4].map((v) => expect.closeTo(v, 9)),
    );
  });

  it("of neither space are refused", () => {
    expect(() => featureGroups(["a", "b"])).toThrow(/ARKit names/);
  });
});

it("FD of shuffled frames is 0: time order is invisible to it", () => {
  const { frames } = walk(9);
  expect(frechetOfSamples(frames, [...frames].reverse())).toBeCloseTo(0, 9);
});
