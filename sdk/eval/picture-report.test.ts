import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { EchoError } from "../base/errors.js";
import { frechetOfSamples } from "./frechet.js";
import { cosineSimilarity, type Point } from "./identity.js";
import { MeasuringNet, type NetDescription } from "./net.js";
import { type Picture, pictureTensor, warpPicture } from "./picture.js";
import { clipDistance, frameDistance, identitySimilarity, lipSyncOfVideo } from "./picture-report.js";

/** Tiny networks and torch's answers, made by fixtures/metrics/make_nets.py. */
const NETS = join(import.meta.dirname, "../../fixtures/metrics/nets");
const golden = JSON.parse(readFileSync(join(NETS, "golden.json"), "utf8")) as {
  features: number[][];
  resized: number[];
};

/** The same formulas as make_nets.py. */
function picture(index: number): Picture {
  const rgba = new Uint8Array(20 * 16 * 4).fill(255);
  for (let y = 0; y < 16; y++)
    for (let x = 0; x < 20; x++)
      rgba.set(
        [(x * 12 + index * 40) % 256, (y * 15 + x * index * 3) % 256, (x * y * (index + 1)) % 256],
        (y * 20 + x) * 4,
      );
  return { width: 20, height: 16, rgba };
}
const pictures = (count: number, from = 0) => Array.from({ length: count }, (_, i) => picture(from + i));

const opened: MeasuringNet[] = [];
async function open(name: string): Promise<MeasuringNet> {
  const description = JSON.parse(readFileSync(join(NETS, `${name}.json`), "utf8")) as NetDescription;
  const net = await MeasuringNet.open({ bytes: new Uint8Array(readFileSync(join(NETS, `${name}.onnx`))), description });
  opened.push(net);
  return net;
}
afterAll(() => Promise.all(opened.map((net) => net.dispose())));

describe("pictures", () => {
  it("are resized as torch does it", () => {
    const resized = pictureTensor([picture(0)], { width: 12, height: 8 });
    golden.resized.forEach((value, i) => {
      expect(resized[i]).toBeCloseTo(value, 5);
    });
  });

  it("show the background through what is transparent, and can be BGR of a part", () => {
    const clear: Picture = { width: 2, height: 2, rgba: new Uint8Array(16) };
    const tensor = pictureTensor([clear], {
      width: 1,
      height: 1,
      range: [0, 255],
      order: "BGR",
      background: [10, 20, 30],
    });
    expect([...tensor]).toEqual([30, 20, 10]);
    const half: Picture = { width: 2, height: 1, rgba: new Uint8Array([1, 2, 3, 255, 9, 8, 7, 255]) };
    expect([...pictureTensor([half], { width: 1, height: 1, range: [0, 255], crop: [0.5, 0, 1, 1] })]).toEqual([
      9, 8, 7,
    ]);
  });

  it("are warped by an affine map: a shift to the right leaves black on the left", () => {
    const shifted = warpPicture(
      picture(1),
      [
        [1, 0, 2],
        [0, 1, 0],
      ],
      { width: 20, height: 16 },
    );
    expect([...shifted.rgba.slice(0, 4)]).toEqual([0, 0, 0, 255]);
    expect([...shifted.rgba.slice(2 * 4, 3 * 4)]).toEqual([...picture(1).rgba.slice(0, 4)]);
  });
});

it("FID: features as torch has them, distance as on the features themselves, provenance and bias beside it", async () => {
  const net = await open("features");
  const report = await frameDistance({ net, generated: pictures(3), truth: pictures(3, 3) });
  const expected = frechetOfSamples(golden.features.slice(0, 3), golden.features.slice(3));
  expect(report.value).toBeCloseTo(expected, 3);
  expect(report).toMatchObject({ dimensions: 4, ddof: 1, counts: { generated: 3, truth: 3 } });
  expect(report.net).toMatchObject({ name: "tiny features", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(report.notes[0]).toMatch(/singular: 3 and 3 samples of 4/);
  expect(report.knownBias).toBeGreaterThan(0);
  expect((await frameDistance({ net, generated: pictures(6), truth: pictures(6) })).value).toBeCloseTo(0, 5);
});

it("FVD: windows of the net's length and stride, ddof 0", async () => {
  const net = await open("clips");
  const report = await clipDistance({ net, generated: [pictures(8), pictures(3)], truth: [pictures(6, 1)] });
  expect(report).toMatchObject({ ddof: 0, clip: { frames: 4, stride: 2 }, counts: { generated: 3, truth: 2 } });
  expect(report.value).toBeGreaterThan(0);
});

it("CSIM: against the reference, frames without a face counted and left out", async () => {
  const net = await open("faces");
  const report = await identitySimilarity({ net, generated: pictures(3), reference: picture(0) });
  const expected = golden.features.slice(0, 3).map((row) => cosineSimilarity(row, golden.features[0]!));
  expect(report.value).toBeCloseTo((expected[0]! + expected[1]! + expected[2]!) / 3, 4);
  expect(report).toMatchObject({ frames: 3, framesWithoutFace: 0, aligned: false });
  const points = [
    [5, 5],
    [12, 5],
    [9, 8],
    [6, 12],
    [11, 12],
  ] as unknown as Point[];
  const aligned = await identitySimilarity({
    net,
    generated: pictures(3),
    reference: picture(0),
    landmarks: { reference: points, frames: [points, null, points] },
  });
  expect(aligned).toMatchObject({ frames: 2, framesWithoutFace: 1, aligned: true });
});

it("LSE: one window a frame but the last five, 31 shifts, refused when too short", async () => {
  const net = await open("syncnet");
  const pcm = Int16Array.from({ length: 20 * 640 }, (_, i) => 8_000 * Math.sin(i / 9) * Math.sin(i / 4_000));
  const report = await lipSyncOfVideo({ net, pictures: pictures(20), pcm });
  expect(report).toMatchObject({ windows: 15, vshift: 15 });
  expect(report.meanDistances).toHaveLength(31);
  expect(report.distance).toBe(Math.min(...report.meanDistances));
  expect(report.notes.join()).toMatch(/zero padding/);
  await expect(lipSyncOfVideo({ net, pictures: pictures(5), pcm })).rejects.toThrow(/more than 5 frames/);
});

it("a graph that is none, and one that gets the wrong shape, are errors with a code", async () => {
  const description: NetDescription = { name: "broken", input: { width: 4, height: 4 } };
  const loading = MeasuringNet.open({ bytes: new Uint8Array([1, 2, 3]), description });
  await expect(loading).rejects.toSatisfy((error) => EchoError.is(error) && error.code === "graph-load-failed");
  const net = await open("features");
  const running = net.run([{ data: new Float32Array(12), shape: [1, 3, 2, 2] }]);
  await expect(running).rejects.toSatisfy((error) => EchoError.is(error) && error.code === "graph-run-failed");
});
