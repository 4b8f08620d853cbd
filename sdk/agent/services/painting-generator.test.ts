import { describe, expect, it, vi } from "vitest";
import { EchoError } from "../../base/errors.js";
import type { GeneratorStepInput, GeneratorWorkerApi, PaintOutput } from "../../protocol/generator-worker.js";
import type { PainterWorkerApi } from "../../protocol/painter-worker.js";
import { type Painter, Painters } from "./painters.js";
import { PaintingGenerator } from "./painting-generator.js";

const LOAD = { pack: { folder: "/pack" }, avatar: "ada", backend: "cpu", seed: 1 } as const;
const INPUT: GeneratorStepInput = {
  pcm: new Float32Array(2_560),
  fPu: new Float32Array(1),
  emotion: new Float32Array(1),
  sdcm: true,
  lau: true,
  expressivity: 1,
};

/** Tokens whose first number says which picture they are. */
const tokensOf = (picture: number): Float32Array => Float32Array.of(picture);
const pictureOf = (output: PaintOutput): number => (output.rgba as Uint8ClampedArray)[0]!;

/** A generator of four pictures a block, 0 .. 3 and 4 .. 7 and so on. */
function fakeGenerator() {
  let block = 0;
  const nextTokens = () => {
    const first = 4 * block++;
    return [0, 1, 2, 3].map((frame) => tokensOf(first + frame));
  };
  const calls = { load: vi.fn(), setAvatar: vi.fn(), dispose: vi.fn() };
  const api = {
    load: async (options: unknown) => {
      calls.load(options);
      return { backend: "cpu", width: 1, height: 1 };
    },
    step: async () => ({
      rgba: [],
      toPaint: nextTokens(),
      blendshapes: new Float32Array(4 * 52),
      pose: new Float32Array(4 * 6),
      stageMs: { generator: 5 },
    }),
    setAvatar: async (id: string) => calls.setAvatar(id),
    reset: async () => {},
    dispose: async () => calls.dispose(),
  } as unknown as GeneratorWorkerApi;
  return { api, calls };
}

/** Painters that paint when they are told to: `done` finishes the oldest picture under way of one of them. */
function fakePainters(count: number, failing: Record<number, () => Error | undefined> = {}) {
  const under: { painter: number; picture: number; finish: () => void }[] = [];
  const shown: string[][] = Array.from({ length: count }, () => []);
  const loads: number[] = [];
  let started = 0;
  const start = (): Painter => {
    const painter = started++;
    const api: PainterWorkerApi = {
      load: async () => {
        loads.push(painter);
        const error = failing[painter]?.();
        if (error && loads.length <= count && painter > 0) throw error;
        return { backend: "cpu" };
      },
      paint: (tokens) =>
        new Promise((resolve, reject) => {
          const error = failing[painter]?.();
          const rgba = Uint8ClampedArray.of(tokens[0]!);
          const finish = () => (error ? reject(error) : resolve({ rgba, stageMs: { decoder: 10 } }));
          under.push({ painter, picture: tokens[0]!, finish });
        }),
      show: async (avatar, variant) => void shown[painter]!.push(`${avatar} ${variant}`),
      dispose: async () => {},
    };
    return { api, dispose: async () => {} };
  };
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    shown,
    loads,
    /** What is being painted now. */
    async now(): Promise<number[]> {
      await settle();
      return under.map(({ picture }) => picture);
    },
    async done(times = 1): Promise<void> {
      for (let i = 0; i < times; i++) {
        await settle();
        under.shift()?.finish();
        await settle();
      }
    },
    make: () => new Painters(count, LOAD, start),
  };
}

async function open(painters: ReturnType<typeof fakePainters>) {
  const { api, calls } = fakeGenerator();
  const generator = new PaintingGenerator({ generator: api, threads: 1, startPainters: painters.make });
  await generator.load(LOAD);
  await painters.now(); // the others have joined
  return { generator, calls };
}

describe("a generator whose pictures are painted side by side", () => {
  it("loads no decoder of its own, and gives its graphs the cores that are left", async () => {
    const { calls } = await open(fakePainters(2));
    expect(calls.load).toHaveBeenCalledWith({ ...LOAD, assets: { threads: 1 }, paintsElsewhere: true });
  });

  it("gives the pictures of a block in order, with what all of it took", async () => {
    const painters = fakePainters(2);
    const { generator } = await open(painters);
    const block = generator.step(INPUT);
    expect(await painters.now()).toEqual([0, 1]); // two at once
    await painters.done(4);
    expect(await block).toMatchObject({ unpainted: 0, stageMs: { generator: 5, decoder: 40 } });
    expect((await block).rgba.map((rgba) => (rgba as Uint8ClampedArray)[0])).toEqual([0, 1, 2, 3]);
    expect(await block).not.toHaveProperty("toPaint");
  });

  it("keeps every painter at work on the next pictures until the next step drops them", async () => {
    const painters = fakePainters(2);
    const { generator } = await open(painters);
    const block = generator.step({ ...INPUT, paintNow: 1 });
    expect(await painters.now()).toEqual([0, 1]);
    await painters.done();
    expect((await block).unpainted).toBe(3);
    expect(await painters.now()).toEqual([1]);
    const second = generator.paint();
    expect(await painters.now()).toEqual([1, 2]);
    await painters.done();
    expect(pictureOf(await second)).toBe(1);
    const next = generator.step({ ...INPUT, paintNow: 1 }); // 3 is never painted
    await painters.done(); // 2, for nobody
    expect(await painters.now()).toEqual([4, 5]);
    await painters.done(2);
    expect((await next).unpainted).toBe(3);
    const rest = [];
    for (let i = 0; i < 3; i++) {
      const picture = generator.paint();
      await painters.done(2);
      rest.push(pictureOf(await picture));
    }
    expect(rest).toEqual([5, 6, 7]);
    await expect(generator.paint()).rejects.toThrow("paint() has nothing to paint");
  });

  it("paints a picture again whose thread has died", async () => {
    let dead = true;
    const died = () => {
      if (!dead) return undefined;
      dead = false;
      return new EchoError("worker-died", { worker: "painter", reason: "a test" });
    };
    let loaded = false;
    const painters = fakePainters(2, { 1: () => (loaded ? died() : undefined) });
    const { generator } = await open(painters);
    loaded = true;
    const block = generator.step(INPUT);
    await painters.done(5);
    expect((await block).rgba.map((rgba) => (rgba as Uint8ClampedArray)[0])).toEqual([0, 1, 2, 3]);
  });

  it("goes on without a painter that is not started again, and not without the last one", async () => {
    const gone = new EchoError("worker-restarts-exhausted", { worker: "painter", count: 4, reason: "a test" });
    let bad: number[] = [];
    const painters = fakePainters(2, {
      0: () => (bad.includes(0) ? gone : undefined),
      1: () => (bad.includes(1) ? gone : undefined),
    });
    const { generator } = await open(painters);
    bad = [1];
    const block = generator.step(INPUT);
    await painters.done(5);
    expect((await block).rgba).toHaveLength(4);
    bad = [0, 1];
    const failed = generator.step(INPUT);
    failed.catch(() => {});
    await painters.done(8);
    await expect(failed).rejects.toThrow(gone);
  });

  it("waits for one painter only, and does without those that do not load", async () => {
    const painters = fakePainters(3, {
      2: () => new EchoError("worker-start-failed", { worker: "painter", reason: "a test" }),
    });
    const { generator } = await open(painters);
    expect(painters.loads).toEqual([0, 1, 2]);
    const block = generator.step(INPUT);
    expect(await painters.now()).toEqual([0, 1]);
    await painters.done(4);
    expect((await block).rgba).toHaveLength(4);
  });

  it("shows another avatar or another decoder on every painter", async () => {
    const painters = fakePainters(2);
    const { generator, calls } = await open(painters);
    await generator.setDecoder("light");
    await generator.setAvatar("mei");
    expect(calls.setAvatar).toHaveBeenCalledWith("mei");
    expect(painters.shown).toEqual([
      ["ada light", "mei light"],
      ["ada light", "mei light"],
    ]);
  });
});
