import { describe, expect, it } from "vitest";
import { FakeSession } from "../../tests/fake-session.js";
import { float32Tensor } from "../protocol/tensor.js";
import { BlockGenerator } from "./block-generator.js";

// biome-ignore format: a table
const inputs = {
  x: ["N", 2, 1, 1], time: ["N", 1], audio: ["N", 2], f_pu: ["N", 2], emotion: ["N", 2], identity: ["N", 1],
  sdcm: ["N", 1], lau: ["N", 1], expressivity: ["N", 1], cache: ["N", 1],
} as const;
/** v = audio + cache; the cache counts the runs whose next value was kept. */
const session = () =>
  new FakeSession("generator", inputs, ({ audio, cache }) => ({
    velocity: float32Tensor(
      [1, 2, 1, 1],
      Float32Array.from(audio!.data, (value) => value + cache!.data[0]!),
    ),
    cache_next: float32Tensor([1, 1], Float32Array.of(cache!.data[0]! + 1)),
  }));
const make = (graph: FakeSession, seed = 1) =>
  new BlockGenerator({
    session: graph,
    states: [{ input: "cache", output: "cache_next", initial: "zeros" }],
    times: [0, 0.5],
    identity: Float32Array.of(9),
    seed,
  });
const conditions = {
  audio: Float32Array.of(1, 2),
  fPu: new Float32Array(2),
  emotion: new Float32Array(2),
  sdcm: true,
  lau: false,
  expressivity: 0.25,
};

describe("BlockGenerator", () => {
  it("reads the caches while it samples and writes them once, at time 1", async () => {
    const graph = session();
    const generator = make(graph);
    const x = await generator.generate(conditions);
    await generator.generate(conditions);
    expect(graph.runs.map((run) => run.time!.data[0])).toEqual([0, 0.5, 1, 0, 0.5, 1]);
    expect(graph.runs.map((run) => run.cache!.data[0])).toEqual([0, 0, 0, 1, 1, 1]);
    expect(graph.runs[2]!.x!.data).toEqual(x); // the last run sees the finished block
    const noise = graph.runs[0]!.x!.data;
    expect(x[0]).toBeCloseTo(noise[0]! + 1, 5);
    expect(x[1]).toBeCloseTo(noise[1]! + 2, 5);
  });

  it("hands on the switches, expressivity and identity", async () => {
    const graph = session();
    await make(graph).generate(conditions);
    const { sdcm, lau, expressivity, identity } = graph.runs[0]!;
    expect([sdcm, lau, expressivity, identity].map((tensor) => tensor!.data[0])).toEqual([1, 0, 0.25, 9]);
  });

  it("goes back to a saved moment, and to the beginning", async () => {
    const generator = make(session());
    const first = await generator.generate(conditions);
    const moment = generator.save();
    const second = await generator.generate(conditions);
    await generator.generate(conditions);
    generator.restore(moment);
    expect(await generator.generate(conditions)).toEqual(second);
    generator.reset();
    expect(await generator.generate(conditions)).toEqual(first);
    expect(await make(session(), 2).generate(conditions)).not.toEqual(first);
  });
});
