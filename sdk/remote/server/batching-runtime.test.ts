import { describe, expect, it } from "vitest";
import { FakeSession } from "../../../tests/fake-session.js";
import { EchoError } from "../../base/errors.js";
import { float32Tensor, type Tensor } from "../../protocol/tensor.js";
import type { GraphSource, Runtime } from "../../runtime/session.js";
import { BatchingRuntime } from "./batching-runtime.js";

const outputs = { y: { dtype: "float32", shape: ["N", 2] } } as const;
const source = (name: string): GraphSource => ({
  name,
  file: `${name}.onnx`,
  bytes: new Uint8Array(),
  inputs: {},
  outputs,
});

/** y = x + shift; a value above 100 makes the run fail. */
function fakeRuntime() {
  const sessions: FakeSession[] = [];
  const runtime: Runtime = {
    backend: "cpu",
    createSession: async ({ name }) => {
      const session = new FakeSession(name, { x: ["N", 2], shift: [1] }, ({ x, shift }) => {
        if ((x!.data as Float32Array).some((value) => value > 100))
          throw new EchoError("graph-run-failed", { graph: name, reason: "too large" });
        return {
          y: float32Tensor(
            x!.shape,
            (x!.data as Float32Array).map((value) => value + shift!.data[0]!),
          ),
        };
      });
      Object.assign(session, { outputs });
      sessions.push(session);
      return session;
    },
    dispose: async () => {},
  };
  return { runtime, sessions };
}

const SHIFT = Float32Array.of(1);
const input = (a: number, shift = SHIFT): Record<string, Tensor> => ({
  x: float32Tensor([1, 2], Float32Array.of(a, a)),
  shift: float32Tensor([1], shift),
});

describe("BatchingRuntime", () => {
  it("joins what several heads want of a graph into one run, and gives each its own", async () => {
    const { runtime, sessions } = fakeRuntime();
    const batches: number[] = [];
    const batching = new BatchingRuntime({ runtime, maxBatch: 8, onRun: (run) => batches.push(run.sessions) });
    const heads = await Promise.all([0, 1, 2].map(() => batching.share().createSession(source("generator"))));
    const results = await Promise.all(heads.map((head, i) => head.run(input(10 * i))));
    expect(results.map(({ y }) => [...y!.data])).toEqual([
      [1, 1],
      [11, 11],
      [21, 21],
    ]);
    expect(results.map(({ y }) => y!.shape)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(sessions).toHaveLength(1);
    expect(batches).toEqual([3]);
  });

  it("stays within its largest batch and forgets nobody", async () => {
    const { runtime } = fakeRuntime();
    const batches: number[] = [];
    const batching = new BatchingRuntime({ runtime, maxBatch: 2, onRun: (run) => batches.push(run.sessions) });
    const head = await batching.createSession(source("generator"));
    const results = await Promise.all(Array.from({ length: 5 }, (_, i) => head.run(input(i))));
    expect(results.map(({ y }) => y!.data[0])).toEqual([1, 2, 3, 4, 5]);
    expect(batches).toEqual([2, 2, 1]);
  });

  it("does not join heads whose other inputs differ", async () => {
    const { runtime } = fakeRuntime();
    const batches: number[] = [];
    const batching = new BatchingRuntime({ runtime, maxBatch: 8, onRun: (run) => batches.push(run.sessions) });
    const head = await batching.createSession(source("decoder"));
    const other = Float32Array.of(5);
    const results = await Promise.all([
      head.run(input(0)),
      head.run(input(0, other)),
      head.run(input(1)),
      head.run(input(1, Float32Array.of(5))),
    ]);
    expect(results.map(({ y }) => y!.data[0])).toEqual([1, 5, 2, 6]);
    expect(batches.sort()).toEqual([2, 2]);
  });

  it("lets only the head that spoilt a run hear of it", async () => {
    const { runtime } = fakeRuntime();
    const batching = new BatchingRuntime({ runtime, maxBatch: 8 });
    const head = await batching.createSession(source("generator"));
    const results = await Promise.allSettled([head.run(input(1)), head.run(input(1_000)), head.run(input(2))]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((results[2] as PromiseFulfilledResult<Record<string, Tensor>>).value.y!.data[0]).toBe(3);
  });

  it.each([true, false])("joins the same arrays once when they are states (%s), and others anew", async (states) => {
    const { runtime, sessions } = fakeRuntime();
    const batching = new BatchingRuntime({ runtime, maxBatch: 8, statesOf: () => (states ? ["x"] : []) });
    const head = await batching.createSession(source("generator"));
    const [a, b] = [input(1), input(2)];
    const seen: unknown[] = [];
    const run = sessions[0]!.run.bind(sessions[0]!);
    sessions[0]!.run = (inputs) => {
      seen.push(inputs.x!.data);
      return run(inputs);
    };
    for (let i = 0; i < 2; i++) await Promise.all([head.run(a), head.run(b)]);
    const [{ y }] = (await Promise.all([head.run(a), head.run(input(7))])) as [Record<string, Tensor>, unknown];
    expect(seen[1] === seen[0]).toBe(states);
    expect(seen[2]).not.toBe(seen[0]);
    expect([...(seen[2] as Float32Array)]).toEqual([1, 1, 7, 7]);
    expect([...y!.data]).toEqual([2, 2]);
  });

  it("serves the graph first that was waited for longest, and what comes meanwhile", async () => {
    const { runtime } = fakeRuntime();
    const order: string[] = [];
    const batching = new BatchingRuntime({
      runtime,
      maxBatch: 8,
      onRun: ({ graph, sessions }) => order.push(`${graph} ${sessions}`),
    });
    const a = await batching.createSession(source("a"));
    const b = await batching.createSession(source("b"));
    await Promise.all([
      a.run(input(1)).then(() => b.run(input(1))),
      b.run(input(2)),
      a.run(input(3)).then(() => a.run(input(4))),
    ]);
    expect(order).toEqual(["a 2", "b 2", "a 1"]);
  });

  it("rejects those who wait when it ends, and those who come later", async () => {
    const { runtime } = fakeRuntime();
    const batching = new BatchingRuntime({ runtime, maxBatch: 8 });
    const head = await batching.createSession(source("a"));
    const waiting = head.run(input(1));
    const ended = expect(waiting).rejects.toMatchObject({ code: "disposed" });
    await batching.dispose();
    await ended;
    await expect(head.run(input(1))).rejects.toMatchObject({ code: "disposed" });
  });
});
