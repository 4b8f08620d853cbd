import { describe, expect, it, vi } from "vitest";
import type { EchoError } from "../base/errors.js";
import type { AffectReasoner } from "../protocol/dialogue.js";
import { AFFECT_ENDS_S, AFFECT_WEAKENS_S, AffectRunner, fadedAffect, MAX_TURNS } from "./affect-runner.js";
import { NEUTRAL_AFFECT } from "./offline-reasoner.js";

function setUp(infer: AffectReasoner["infer"]) {
  const errors: EchoError[] = [];
  const timeouts: (() => void)[] = [];
  const runner = new AffectRunner({
    reasoner: { infer },
    onError: (error) => errors.push(error),
    timers: {
      after: (_, job) => {
        timeouts.push(job);
        return () => {};
      },
    },
  });
  return { runner, errors, timeouts };
}
const turn = (timeS: number) => ({ role: "user", text: "hello", timeS }) as const;

describe("AffectRunner", () => {
  it("answers at once, before the reasoner does", async () => {
    let answer = (_: { text: string }): void => {};
    const { runner } = setUp(() => new Promise((resolve) => (answer = resolve)));
    runner.add(turn(1));
    expect(runner.textAt(1)).toBe(NEUTRAL_AFFECT);
    await Promise.resolve();
    answer({ text: "warm" });
    await runner.settled();
    expect(runner.textAt(2)).toBe("warm");
  });

  it("asks once for the turns that came while it waited", async () => {
    const infer = vi.fn(async (history: readonly unknown[]) => ({ text: `turns ${history.length}` }));
    const { runner } = setUp(infer);
    for (let i = 0; i < 5; i++) runner.add(turn(i));
    await runner.settled();
    expect(infer).toHaveBeenCalledTimes(2);
    expect(runner.textAt(5)).toBe("turns 5");
  });

  it("keeps the last affect when a reasoner throws, answers nonsense or is late, and works again after", async () => {
    let next: () => unknown = () => ({ text: "happy" });
    const { runner, errors, timeouts } = setUp(async () => next() as { text: string });
    const ask = async (answer: () => unknown): Promise<string> => {
      next = answer;
      runner.add(turn(0));
      await runner.settled();
      return runner.textAt(0);
    };
    expect(await ask(() => ({ text: "happy" }))).toBe("happy");
    expect(
      await ask(() => {
        throw new Error("no network");
      }),
    ).toBe("happy");
    expect(await ask(() => ({ text: "" }))).toBe("happy");
    expect(await ask(() => "happy")).toBe("happy");
    expect(await ask(() => ({ text: "x".repeat(5_000) }))).toBe("happy");
    next = () => new Promise(() => {});
    runner.add(turn(0));
    await Promise.resolve();
    timeouts[timeouts.length - 1]!();
    await runner.settled();
    expect(errors.map((error) => error.code)).toEqual(new Array(5).fill("reasoner-failed"));
    expect(errors[0]!.message).toContain("no network");
    expect(errors[4]!.message).toContain("no answer within 8000 ms");
    expect(await ask(() => ({ text: "calm" }))).toBe("calm");
  });

  it("aborts the reasoner when it is late or disposed, and says nothing after", async () => {
    const signals: AbortSignal[] = [];
    const { runner, errors } = setUp((_, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    runner.add(turn(0));
    await Promise.resolve();
    runner.dispose();
    await runner.settled();
    expect(signals[0]!.aborted).toBe(true);
    expect(errors).toEqual([]);
    runner.add(turn(1));
    expect(signals).toHaveLength(1);
  });

  it("fades to neutral", async () => {
    expect(fadedAffect("very happy, warm", 0)).toBe("very happy, warm");
    expect(fadedAffect("very happy, warm", AFFECT_WEAKENS_S)).toBe("slightly happy, slightly warm");
    expect(fadedAffect("very happy, warm", AFFECT_ENDS_S)).toBe(NEUTRAL_AFFECT);
  });

  it("shows a reasoner a bounded dialogue", async () => {
    let seen = 0;
    const { runner } = setUp(async (history) => {
      seen = history.length;
      return { text: "calm" };
    });
    for (let i = 0; i < MAX_TURNS + 50; i++) runner.add(turn(i));
    await runner.settled();
    expect(seen).toBe(MAX_TURNS);
  });
});
