import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServices, startServicesHere } from "../sdk/agent/services/start-services.js";
import { EchoAgent } from "../sdk/agent.js";
import { renderWith } from "../sdk/render.js";
import { buildWorkers } from "./built-workers.js";

const TINY = new URL("../fixtures/tiny-pack/", import.meta.url);
let workers: Awaited<ReturnType<typeof buildWorkers>>;
beforeAll(async () => {
  workers = await buildWorkers();
});
afterAll(() => workers.remove());

async function* voice(): AsyncGenerator<Float32Array> {
  for (let i = 0; i < 20; i++) yield Float32Array.from({ length: 800 }, (_, n) => Math.sin((n * (i + 1)) / 20));
}

it("renders in two threads what it renders in one, to the bit", async () => {
  const render = async (start: typeof startServices): Promise<{ pixels: number[][]; blendshapes: number[][] }> => {
    const options = { pack: TINY, backend: "cpu", avatarAudio: voice(), userAudio: voice(), seed: 3 } as const;
    const got: { pixels: number[][]; blendshapes: number[][] } = { pixels: [], blendshapes: [] };
    for await (const frame of renderWith({ ...options, assets: { workerUrl: workers.workerUrl } }, start)) {
      got.pixels.push([...frame.rgba]);
      got.blendshapes.push([...frame.blendshapes]);
      frame.close();
    }
    return got;
  };
  const here = await render(startServicesHere);
  expect(here.pixels).toHaveLength(25);
  expect(await render(startServices)).toEqual(here);
});

describe("an agent of which a thread is killed in the middle of a block", { timeout: 120_000 }, () => {
  /** What the agent said of its state, and how many threads were started in all, when one of the first ones was killed. */
  async function kill(victim: number, { threads: cores, started }: { threads: number; started: number }) {
    const threads: Worker[] = [];
    const note = (thread: Worker): void => void threads.push(thread);
    process.on("worker", note);
    // WASM: onnxruntime-node ends the whole process when its thread is killed while a graph runs.
    const assets = { workerUrl: workers.workerUrl, threads: cores };
    const agent = await EchoAgent.create({ pack: TINY, backend: "wasm", assets });
    try {
      const states: string[] = [];
      agent.on("state-changed", ({ to }) => states.push(to));
      const frames = agent.frames();
      const pull = async (): Promise<number> => {
        const { value } = await frames.next();
        value!.close();
        return value!.index;
      };
      const before = await pull();
      await expect.poll(() => threads.length).toBe(started);
      await threads[victim]!.terminate(); // blocks are made all the time
      await expect.poll(pull, { timeout: 60_000, interval: 0 }).toBeGreaterThan(before + 25);
      return { states: [...states], restarted: threads.length - started };
    } finally {
      process.off("worker", note);
      await agent.dispose();
    }
  }

  it("goes on with another generator", async () => {
    const told = await kill(1, { threads: 1, started: 2 });
    expect(told).toEqual({ states: ["degraded", "listening"], restarted: 1 });
  });

  it("goes on with another painter, and its generator does not notice", async () => {
    const told = await kill(2, { threads: 2, started: 4 }); // the first painter, which has loaded; the second one may still load
    expect(told).toEqual({ states: ["degraded", "listening"], restarted: 1 });
  });
});

it("says what is wrong with a pack through the thread, and leaves none behind", async () => {
  const { workerUrl } = workers;
  const options = {
    pack: { folder: "/nowhere" },
    avatar: "ada",
    backend: "cpu",
    seed: 1,
    assets: { workerUrl },
  } as const;
  await expect(startServices(options)).rejects.toMatchObject({ code: "pack-not-found" });
});

it("says so when there are no worker files", async () => {
  const options = {
    pack: { folder: "/nowhere" },
    avatar: "ada",
    backend: "cpu",
    seed: 1,
    assets: { workerUrl: "/nowhere" },
  } as const;
  await expect(startServices(options)).rejects.toMatchObject({ code: "worker-start-failed" });
});
