import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { EchoError } from "../base/errors.js";
import type { FixtureWorker } from "./supervised-worker.fixture.js";
import { SupervisedWorker, type SupervisedWorkerOptions } from "./supervised-worker.js";
import { transferArrays } from "./transfer.js";
import { nodeWorkerHandle } from "./worker-endpoint.js";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-"));
  file = join(folder, "fixture.mjs");
  const entry = fileURLToPath(new URL("./supervised-worker.fixture.ts", import.meta.url));
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module"],
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

type Options = Partial<SupervisedWorkerOptions<FixtureWorker>>;
const open: SupervisedWorker<FixtureWorker>[] = [];
function supervise(options: Options = {}) {
  const spawn = () => nodeWorkerHandle(new Worker(file, { stderr: true }));
  const worker = new SupervisedWorker<FixtureWorker>({ name: "fixture", spawn, ...options });
  open.push(worker);
  return worker;
}
afterEach(() => Promise.all(open.splice(0).map((worker) => worker.dispose())));

it("answers in order and keeps the worker's state", async () => {
  const { api } = supervise();
  expect(await Promise.all([api.count(1), api.count(10), api.count(100)])).toEqual([1, 11, 111]);
});

it("moves arrays instead of copying them, both ways", async () => {
  const { api } = supervise();
  const samples = new Float32Array([1, 2]);
  const answer = await api.double(transferArrays({ samples }));
  expect([...answer.samples]).toEqual([2, 4]);
  expect(samples.length).toBe(0);
});

it("keeps the code of an EchoError, a TypeError as it is, and wraps the rest", async () => {
  const { api } = supervise();
  const known = await api.failKnown().catch((error: unknown) => error);
  expect(EchoError.is(known)).toBe(true);
  expect(known).toMatchObject({
    code: "pack-file-missing",
    stage: "pack",
    cause: { name: "RangeError", message: "deep" },
  });
  await expect(api.failCaller()).rejects.toThrow(new TypeError("options.seed must be a whole number"));
  await expect(api.failOther()).rejects.toMatchObject({
    code: "worker-call-failed",
    message: expect.stringContaining("out of range"),
  });
  expect(await api.count(1)).toBe(1);
});

it("rejects every call under way when the worker dies in the middle, and starts a new one", async () => {
  const revived: number[] = [];
  const worker = supervise({ onRestart: async (api) => void revived.push(await api.count(5)) });
  await worker.api.count(1);
  const calls = await Promise.allSettled([worker.api.hang(), worker.api.die(), worker.api.hang()]);
  for (const call of calls) {
    expect(call).toMatchObject({ status: "rejected", reason: { code: "worker-died", recoverable: true } });
  }
  expect(await worker.api.count(1)).toBe(6); // 5 from onRestart: the old count went with the old thread
  expect([revived, worker.deaths]).toEqual([[5], 1]);
});

it("replaces a thread whose error says that it is of no more use, such as one that lost its GPU", async () => {
  const revived: number[] = [];
  const worker = supervise({
    endsThread: (error) => EchoError.is(error) && error.code === "gpu-device-lost",
    onRestart: async (api) => void revived.push(await api.count(7)),
  });
  await worker.api.count(1);
  const [hanging, losing] = await Promise.allSettled([worker.api.hang(), worker.api.loseGpu()]);
  expect(losing).toMatchObject({ status: "rejected", reason: { code: "gpu-device-lost", recoverable: true } });
  expect(hanging).toMatchObject({ status: "rejected", reason: { code: "worker-died", recoverable: true } });
  expect(await worker.api.count(1)).toBe(8);
  expect([revived, worker.deaths]).toEqual([[7], 1]);
  await expect(worker.api.failKnown()).rejects.toMatchObject({ code: "pack-file-missing" });
  expect(worker.deaths).toBe(1); // other errors leave it alone
});

it("notices an uncaught error in the worker", async () => {
  const worker = supervise();
  await expect(worker.api.throwUncaught()).rejects.toMatchObject({
    code: "worker-died",
    message: expect.stringContaining("loose end"),
  });
});

it("ends a worker that does not answer in time", async () => {
  const worker = supervise({ methodTimeoutMs: { hang: 50 } });
  await worker.api.count(1);
  const hanging = worker.api.hang();
  await expect(hanging).rejects.toMatchObject({
    code: "worker-call-timeout",
    message: expect.stringContaining("hang within 50 ms"),
  });
  expect(await worker.api.count(1)).toBe(1);
});

it("stops starting anew when the budget is spent", async () => {
  const worker = supervise({ restarts: 1 });
  for (let i = 0; i < 2; i++) await expect(worker.api.die()).rejects.toMatchObject({ code: "worker-died" });
  await expect(worker.api.count(1)).rejects.toMatchObject({ code: "worker-restarts-exhausted", recoverable: false });
});

it("starts anew however often it dies, if that is seldom", async () => {
  let nowMs = 0;
  const worker = supervise({ restarts: 1, restartsWithinMs: 1_000, nowMs: () => nowMs });
  for (let i = 0; i < 4; i++, nowMs += 1_000)
    await expect(worker.api.die()).rejects.toMatchObject({ code: "worker-died" });
  expect(await worker.api.count(1)).toBe(1);
  expect(worker.deaths).toBe(4);
  for (let i = 0; i < 2; i++) await expect(worker.api.die()).rejects.toMatchObject({ code: "worker-died" });
  await expect(worker.api.count(1)).rejects.toMatchObject({
    code: "worker-restarts-exhausted",
    message: expect.stringContaining("more than 1 times within 1 s"),
  });
});

it("says that a worker did not start", async () => {
  const absent = supervise({ spawn: () => nodeWorkerHandle(new Worker(join(folder, "absent.mjs"))), restarts: 0 });
  await expect(absent.api.count(1)).rejects.toMatchObject({ code: "worker-start-failed" });
  const silent = supervise({
    spawn: () => nodeWorkerHandle(new Worker("setInterval(() => {}, 1000)", { eval: true })),
    startTimeoutMs: 100,
  });
  await expect(silent.api.count(1)).rejects.toMatchObject({
    message: expect.stringContaining("no answer within 100 ms"),
  });
});

it("rejects what is under way and what comes later with code disposed", async () => {
  const worker = supervise();
  await worker.api.count(1);
  const hanging = worker.api.hang();
  const refused = expect(hanging).rejects.toMatchObject({ code: "disposed" });
  await worker.dispose();
  await worker.dispose();
  await refused;
  await expect(worker.api.count(1)).rejects.toMatchObject({ code: "disposed" });
  expect(worker.deaths).toBe(0);
});

it("lets a thread come to rest before it is ended, and rejects the calls under way at once", async () => {
  const order: string[] = [];
  const worker = supervise({ onDispose: async (api) => void order.push(`rest ${await api.count(1)}`) });
  await worker.api.count(4);
  const hanging = worker.api.hang().catch((error: EchoError) => order.push(error.code));
  await worker.dispose();
  await hanging;
  expect(order).toEqual(["disposed", "rest 5"]);
});
