import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startServices, startServicesHere } from "../sdk/agent/services/start-services.js";
import { EchoAgent } from "../sdk/agent.js";
import { EchoFrame } from "../sdk/frame/echo-frame.js";
import { UnclosedFrames } from "../sdk/frame/unclosed-frames.js";
import { buildWorkers } from "./built-workers.js";

const TINY = new URL("../fixtures/tiny-pack/", import.meta.url);
let workers: Awaited<ReturnType<typeof buildWorkers>>;
beforeAll(async () => {
  workers = await buildWorkers();
});
afterAll(() => workers.remove());

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const running = (): number =>
  process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort|Timeout/.test(name)).length;

it("leaves no thread, port or timer after 50 agents", { timeout: 240_000 }, async () => {
  const create = () =>
    EchoAgent.create({ pack: TINY, backend: "cpu", assets: { workerUrl: workers.workerUrl, threads: 1 } });
  await (await create()).dispose();
  const before = running();
  for (let i = 0; i < 50; i++) {
    const agent = await create();
    if (i % 5 === 0) {
      void agent.speak({ pcm: new Float32Array(8_000).fill(0.1), sampleRateHz: 16_000 });
      const { value } = await agent.frames().next();
      value?.close();
    }
    await agent.dispose();
  }
  expect(running()).toBeLessThanOrEqual(before);
});

it("ends a creation that is aborted, with its threads", async () => {
  const before = running();
  const controller = new AbortController();
  const creating = EchoAgent.create({
    pack: TINY,
    backend: "cpu",
    assets: { workerUrl: workers.workerUrl },
    signal: controller.signal,
  });
  controller.abort(new Error("changed my mind"));
  await expect(creating).rejects.toThrow("changed my mind");
  expect(running()).toBeLessThanOrEqual(before);
});

it("holds no more after four minutes of the model at work than after the first", { timeout: 240_000 }, async () => {
  const pack = { folder: fileURLToPath(TINY) };
  const { lcu, generator, dispose } = await startServicesHere({ pack, avatar: "ada", backend: "cpu", seed: 1 });
  const emotion = await lcu.setAffect("happy");
  const pcm = () => new Float32Array(2_560).fill(0.1);
  let block = 0;
  const converse = async (minutes: number): Promise<number> => {
    for (const end = block + minutes * 375; block < end; block++) {
      const user = { face: new Float32Array(4 * 58).fill(0.2), presence: new Float32Array(4).fill(1) };
      const { fPu } = await lcu.step({ pcm: pcm(), ...user, lpe: true, hbcu: true });
      if (block % 4 !== 0) continue;
      const conditions = { fPu, emotion: emotion.slice(), sdcm: true, lau: true, expressivity: 1 };
      await generator.step({ ...conditions, pcm: pcm(), pictures: 1 });
      if (block % 40 === 0) await generator.rewind({ blocks: 1, pcm: pcm() });
    }
    for (let i = 0; i < 4; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  try {
    const early = await converse(1);
    const late = await converse(3);
    expect(late / early).toBeLessThan(1.05);
  } finally {
    await dispose();
  }
});

it("leaves its threads little room for garbage, so that they do not grow for half an hour", async () => {
  const rooms: unknown[] = [];
  const note = (worker: Worker): void => void rooms.push(worker.resourceLimits?.maxYoungGenerationSizeMb);
  process.on("worker", note);
  const pack = { folder: fileURLToPath(TINY) };
  const assets = { workerUrl: workers.workerUrl };
  const { dispose } = await startServices({ pack, avatar: "ada", backend: "cpu", seed: 1, assets });
  process.off("worker", note);
  await dispose();
  expect(rooms.length).toBeGreaterThanOrEqual(2); // and those that paint
  expect(new Set(rooms)).toEqual(new Set([3]));
});

it("notices frames that are thrown away unclosed, when the collector runs", async () => {
  let lost = 0;
  const watch = new UnclosedFrames({
    report: (count) => {
      lost += count;
    },
  });
  const make = (close: boolean): void => {
    const arrays = { rgba: new Uint8ClampedArray(4), blendshapes: new Float32Array(52), pose: new Float32Array(6) };
    const frame = new EchoFrame(
      { index: 0, timestampMs: 0, width: 1, height: 1, state: "listening", ...arrays },
      watch,
    );
    if (close) frame.close();
  };
  make(true);
  make(false);
  await expect
    .poll(
      () => {
        collect();
        return lost;
      },
      { timeout: 20_000 },
    )
    .toBe(1);
});
