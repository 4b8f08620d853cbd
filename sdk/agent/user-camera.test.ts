import { describe, expect, it } from "vitest";
import type { TrackerLook, TrackerView, TrackerWorkerApi } from "../protocol/tracker-worker.js";
import { UserCamera } from "./user-camera.js";

const NOBODY: TrackerView = { faces: 0, face: null, brightness: 0.4, tookMs: 5 };
const somebody = (jaw: number): TrackerView => ({
  faces: 1,
  face: new Float32Array(58).fill(jaw),
  brightness: 0.4,
  tookMs: 5,
});

/** A camera whose tracker sees what it is told to. */
function setUp() {
  const fake = {
    nowMs: 1_000,
    view: NOBODY,
    loads: 0,
    failLoads: 0,
    disposed: 0,
    hold: Promise.resolve(),
    closed: 0,
    pushed: [] as [number, number | null][],
    views: [] as string[],
  };
  const api: TrackerWorkerApi = {
    load: async () => {
      fake.loads += 1;
      if (fake.failLoads-- > 0) throw new Error("no such file");
    },
    look: async ({ image }: TrackerLook) => {
      await fake.hold;
      image.close();
      return fake.view;
    },
    reset: async () => {},
    dispose: async () => {},
  };
  const dispose = async (): Promise<void> => {
    fake.disposed += 1;
  };
  const close = (): void => {
    fake.closed += 1;
  };
  const camera = new UserCamera({
    detector: { kind: "face-mesh", url: "/" },
    keyFrames: false,
    startTracker: () => ({ api, dispose }),
    events: {
      emit: (name, payload) => {
        if (name === "user-view-changed") fake.views.push(JSON.stringify(payload));
      },
    },
    nowMs: () => fake.nowMs,
    push: (timeMs, face) => fake.pushed.push([timeMs, face === null ? null : face[0]!]),
  });
  const image = () => ({ close }) as ImageBitmap;
  const look = async (view: TrackerView) => {
    fake.view = view;
    fake.nowMs += 40;
    return camera.look(image());
  };
  return { fake, camera, look, image };
}

describe("UserCamera", () => {
  it("starts its tracker with the first picture, once", async () => {
    const { fake, look, camera } = setUp();
    expect(fake.loads).toBe(0);
    await look(somebody(0.5));
    await look(somebody(0.25));
    expect(fake.loads).toBe(1);
    expect(fake.pushed).toEqual([
      [1_040, 0.5],
      [1_080, 0.25],
    ]);
    await camera.dispose();
    expect(fake.disposed).toBe(1);
  });

  it("holds a face that is missed for a moment, and tells one that has left", async () => {
    const { fake, look } = setUp();
    await look(somebody(0.5));
    for (let i = 0; i < 4; i++) await look(NOBODY);
    expect(fake.pushed).toHaveLength(1);
    for (let i = 0; i < 8; i++) await look(NOBODY);
    expect(fake.pushed.at(-1)![1]).toBeNull();
    expect(fake.views).toEqual(['{"status":"seen","faces":1}', '{"status":"nobody","faces":0}']);
  });

  it("leaves out pictures that come while one is looked at, and closes them", async () => {
    const { fake, camera, image } = setUp();
    let go = () => {};
    fake.hold = new Promise((resolve) => {
      go = resolve;
    });
    const looking = camera.look(image());
    expect(await camera.look(image())).toBeUndefined();
    expect(fake.closed).toBe(1);
    go();
    expect(await looking).toBeNull();
    expect(camera.counters()).toMatchObject({ looks: 1, skipped: 1, lookMs: 5 });
  });

  it("places a face that took long to find shortly before now, so that it is not too old when it comes", async () => {
    const { fake, camera, image } = setUp();
    fake.view = somebody(0.5);
    let go = () => {};
    fake.hold = new Promise((resolve) => {
      go = resolve;
    });
    const looking = camera.look(image());
    await new Promise((resolve) => setImmediate(resolve));
    fake.nowMs += 900;
    go();
    await looking;
    expect(fake.pushed).toEqual([[1_700, 0.5]]);
  });

  it("tries to load again with the next picture", async () => {
    const { fake, look } = setUp();
    fake.failLoads = 1;
    await expect(look(somebody(0.5))).rejects.toThrow("no such file");
    expect((await look(somebody(0.5)))?.[0]).toBe(0.5);
  });
});
