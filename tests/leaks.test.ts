import { afterAll, beforeAll, expect, it } from "vitest";
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

it("notices frames that are thrown away unclosed, when the collector runs", async () => {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
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
