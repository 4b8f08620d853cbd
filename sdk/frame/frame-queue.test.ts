import { describe, expect, it } from "vitest";
import { EchoError } from "../base/errors.js";
import { EchoFrame } from "./echo-frame.js";
import { FrameQueue, QUEUE_FRAMES } from "./frame-queue.js";
import { ManualPlayoutClock } from "./manual-playout-clock.js";
import { createSystemClock, waitUntil } from "./playout-clock.js";
import { UnclosedFrames } from "./unclosed-frames.js";

const frame = (index: number, watch?: UnclosedFrames): EchoFrame =>
  new EchoFrame(
    {
      index,
      timestampMs: index * 40,
      width: 1,
      height: 1,
      rgba: new Uint8ClampedArray(4),
      blendshapes: new Float32Array(52),
      pose: Float32Array.from([1, 2, 3, 4, 5, 6]),
      state: "listening",
    },
    watch,
  );

function setUp() {
  const clock = new ManualPlayoutClock();
  let ends = 0;
  const queue = new FrameQueue({ clock, onEnd: () => (ends += 1) });
  return { clock, queue, ends: () => ends };
}

describe("FrameQueue", () => {
  it("hands a frame out when its time has come, not before", async () => {
    const { clock, queue } = setUp();
    queue.push(frame(0));
    queue.push(frame(1));
    expect((await queue.next()).value?.index).toBe(0);
    let got: number | undefined;
    const pending = queue.next().then((result) => (got = result.value?.index));
    clock.advance(39);
    await new Promise((resolve) => setImmediate(resolve));
    expect(got).toBeUndefined();
    clock.advance(1);
    await pending;
    expect(got).toBe(1);
  });

  it("wakes a waiting consumer when a frame comes", async () => {
    const { queue } = setUp();
    const pending = queue.next();
    queue.push(frame(0));
    expect((await pending).value?.index).toBe(0);
  });

  it("gives a late consumer the newest frame that is due, and counts the rest", async () => {
    const { clock, queue } = setUp();
    const frames = [0, 1, 2, 3, 4].map((index) => frame(index));
    for (const one of frames) queue.push(one);
    clock.advance(130);
    expect((await queue.next()).value?.index).toBe(3);
    expect(queue.counters()).toEqual({ delivered: 1, dropped: 3 });
    expect(frames.map((one) => one.closed)).toEqual([true, true, true, false, false]);
  });

  it("hands out no frame whose moment has long passed, unless nothing else would move", async () => {
    const { clock, queue } = setUp();
    queue.push(frame(0));
    await queue.next();
    queue.push(frame(1));
    queue.push(frame(2));
    clock.advance(190); // the host stood still: frame 2 was for 110 ms ago
    let got: number | undefined;
    const pending = queue.next().then((result) => (got = result.value?.index));
    await new Promise((resolve) => setImmediate(resolve));
    expect(got).toBeUndefined();
    queue.push(frame(4));
    await pending;
    expect(got).toBe(4);
    expect(queue.counters()).toEqual({ delivered: 2, dropped: 2 });
    clock.advance(600); // the picture has stood for so long that an old one is better
    queue.push(frame(5));
    expect((await queue.next()).value?.index).toBe(5);
  });

  it("is bounded when nobody pulls", () => {
    const { queue } = setUp();
    for (let i = 0; i < 1_000; i++) queue.push(frame(i));
    expect(queue.length).toBe(QUEUE_FRAMES);
    expect(queue.counters().dropped).toBe(1_000 - QUEUE_FRAMES);
  });

  it("discards what an interruption made false", async () => {
    const { clock, queue } = setUp();
    for (let i = 0; i < 6; i++) queue.push(frame(i));
    queue.discardFrom(120);
    queue.push(frame(3));
    clock.advance(1_000);
    expect((await queue.next()).value?.index).toBe(3);
    expect(queue.length).toBe(0);
  });

  it("ends for the consumer, once, and closes what waits", async () => {
    const { queue, ends } = setUp();
    const waiting = frame(5);
    queue.push(waiting);
    const pending = queue.next();
    queue.end();
    queue.end();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(waiting.closed).toBe(true);
    expect(ends()).toBe(1);
    const late = frame(6);
    queue.push(late);
    expect(late.closed).toBe(true);
  });

  it("rejects once with a failure, then is done", async () => {
    const { queue } = setUp();
    const pending = queue.next();
    queue.end(new EchoError("agent-failed", { reason: "test" }));
    await expect(pending).rejects.toThrow("the agent stopped: test");
    expect((await queue.next()).done).toBe(true);
  });
});

describe("EchoFrame", () => {
  it("names its pose and cannot be read after close", () => {
    const one = frame(7);
    expect(one.pose).toEqual({ yawRad: 1, pitchRad: 2, rollRad: 3, x: 4, y: 5, z: 6 });
    expect(one.rgba).toHaveLength(4);
    one.close();
    one.close();
    expect(() => one.rgba).toThrow("frame 7 has been disposed");
    expect(() => one.blendshapes).toThrow(EchoError);
  });
});

describe("UnclosedFrames", () => {
  it("reports at most once a second", () => {
    let nowMs = 0;
    const reports: number[] = [];
    const watch = new UnclosedFrames({ report: (count) => reports.push(count), nowMs: () => nowMs });
    for (nowMs = 0; nowMs <= 2_000; nowMs += 100) watch.noteLost();
    expect(reports).toEqual([1, 10, 10]);
  });
});

describe("waitUntil", () => {
  it("waits for the system clock, and returns at once when aborted", async () => {
    const clock = createSystemClock();
    await waitUntil(clock, 5, new AbortController().signal);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(5);
    const controller = new AbortController();
    const pending = waitUntil(clock, 1e9, controller.signal);
    controller.abort();
    await pending;
  });
});
