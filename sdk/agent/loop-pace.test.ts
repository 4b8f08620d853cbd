import { describe, expect, it } from "vitest";
import { LoopPace } from "./loop-pace.js";

/** A pace after so many answers, each with its own time. */
async function paceAfter(runs: readonly (readonly ["rewind" | "first" | "picture", number])[]) {
  const pace = new LoopPace();
  let nowMs = 0;
  const clock = { nowMs: () => nowMs };
  for (const [work, tookMs] of runs) {
    const answer = pace.timed(work, Promise.resolve(), clock);
    nowMs += tookMs;
    await answer;
  }
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { pace, clock, pass };
}
const times = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);

describe("LoopPace", () => {
  it("expects of the next block what most blocks took, whatever hiccups there were", async () => {
    const { pace } = await paceAfter([
      ...times(18, ["first", 60] as const),
      ...times(2, ["first", 900] as const),
      ["rewind", 5],
    ]);
    expect(pace.againMs).toBe(60 + 5 + 10);
    expect(pace.busyMs(0)).toEqual({ cutMs: 0, wholeMs: 0 });
  });

  it("knows how long the work under way still takes, without its pictures and with them", async () => {
    const { pace, clock, pass } = await paceAfter([
      ["first", 60],
      ["picture", 20],
    ]);
    let answer = (): void => {};
    const asked = pace.timed(
      "first",
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
      clock,
      3,
    );
    pass(25);
    expect(pace.busyMs(clock.nowMs())).toEqual({ cutMs: 35, wholeMs: 35 + 3 * 20 });
    pass(100); // slower than it ever was
    expect(pace.busyMs(clock.nowMs())).toEqual({ cutMs: 0, wholeMs: 60 });
    answer();
    await asked;
    expect(pace.busyMs(clock.nowMs())).toEqual({ cutMs: 0, wholeMs: 0 });
  });

  it("forgets an answer that failed", async () => {
    const { pace, clock } = await paceAfter([["first", 60]]);
    await expect(pace.timed("first", Promise.reject(new Error("test")), clock)).rejects.toThrow("test");
    expect(pace.busyMs(clock.nowMs())).toEqual({ cutMs: 0, wholeMs: 0 });
    expect(pace.againMs).toBe(70);
  });
});
