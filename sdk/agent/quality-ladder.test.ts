import { describe, expect, it } from "vitest";
import { QualityLadder, type QualityLevel } from "./quality-ladder.js";

const BLOCK_MS = 160;
const options = { blockMs: BLOCK_MS, blockFrames: 4, steps: 2, light: false };

/** A machine on which a block costs so much, and each picture so much. Gives the changes in so many blocks. */
function run(ladder: QualityLadder, machine: { fixedMs: number; pictureMs: number }, blocks: number): string[] {
  const changes: string[] = [];
  for (let i = 0; i < blocks; i++) {
    const share = 4 * ladder.work.pictureShare;
    const pictures = share < 1 ? i % 2 : share; // every other block paints
    const paintMs = pictures * machine.pictureMs;
    const fixedMs = ladder.work.steps === 1 ? machine.fixedMs / 2 : machine.fixedMs;
    const change = ladder.add({ tookMs: fixedMs + paintMs, paintMs, pictures }, 0);
    if (change) changes.push(`${i}: ${change.from} > ${change.to}`);
  }
  return changes;
}

describe("QualityLadder", () => {
  it("stays where the machine is fast enough", () => {
    const ladder = new QualityLadder(options);
    expect(run(ladder, { fixedMs: 40, pictureMs: 25 }, 500)).toEqual([]);
    expect(ladder.level).toBe("full");
  });

  it("goes at once to the rung that holds real time", () => {
    expect(run(new QualityLadder(options), { fixedMs: 60, pictureMs: 30 }, 20)).toEqual(["3: full > half-rate"]);
    expect(run(new QualityLadder(options), { fixedMs: 60, pictureMs: 70 }, 20)).toEqual(["3: full > quarter-rate"]);
    expect(run(new QualityLadder(options), { fixedMs: 60, pictureMs: 150 }, 20)).toEqual(["3: full > eighth-rate"]);
    const light = new QualityLadder({ ...options, light: true });
    expect(run(light, { fixedMs: 20, pictureMs: 36 }, 4)).toEqual(["3: full > light"]);
  });

  it("leaves out rungs that a pack has not got", () => {
    const ladder = new QualityLadder({ ...options, steps: 1, start: "quarter-rate" });
    expect(run(ladder, { fixedMs: 150, pictureMs: 60 }, 10)).toEqual(["3: quarter-rate > eighth-rate"]);
  });

  it("begins on the next better rung where the one that was asked for is not there", () => {
    expect(new QualityLadder({ ...options, start: "light" }).level).toBe("full");
    expect(new QualityLadder({ ...options, steps: 1, start: "few-steps" }).level).toBe("quarter-rate");
    expect(new QualityLadder({ ...options, light: true, start: "light" }).work).toMatchObject({ decoder: "light" });
  });

  it("goes up when there is room, one rung at a time", () => {
    const ladder = new QualityLadder({ ...options, start: "quarter-rate" });
    const changes = run(ladder, { fixedMs: 20, pictureMs: 15 }, 200);
    expect(changes.map((change) => change.replace(/^\d+: /, ""))).toEqual([
      "quarter-rate > half-rate",
      "half-rate > full",
    ]);
  });

  it("never stops painting by itself, but does so where it is asked to", () => {
    const ladder = new QualityLadder(options);
    run(ladder, { fixedMs: 400, pictureMs: 400 }, 100);
    expect(ladder.level).toBe("eighth-rate");
    expect(new QualityLadder({ ...options, start: "motion-only" }).work.pictureShare).toBe(0);
  });

  it("is not moved by hiccups of the host, nor by a block that one of them cost", () => {
    const ladder = new QualityLadder(options);
    for (let i = 0; i < 400; i++) {
      const tookMs = i % 10 === 5 || i % 10 === 7 ? 700 : 120;
      expect(ladder.add({ tookMs, paintMs: 80, pictures: 4 }, Math.floor(i / 40))).toBeNull();
    }
  });

  it("does not go up and down all the time: it waits longer after each try that was no use", () => {
    const ladder = new QualityLadder(options);
    // Foretold well enough, slower in truth: a picture of the full rung costs more than one of the half rate.
    const downs: number[] = [];
    for (let i = 0; i < 4_000; i++) {
      const pictures = 4 * ladder.work.pictureShare;
      const paintMs = pictures * (pictures === 4 ? 35 : 12);
      const change = ladder.add({ tookMs: 30 + paintMs, paintMs, pictures }, 0);
      if (change?.from === "full") downs.push(i);
    }
    const gaps = downs.map((at, i) => at - (downs[i - 1] ?? 0));
    expect(downs.length).toBeLessThan(10);
    expect(gaps.at(-1)).toBeGreaterThan(700);
  });

  it("takes blocks that are left out again and again for too slow, whatever the times say", () => {
    const ladder = new QualityLadder(options);
    for (let i = 0; i < 10; i++) expect(ladder.add({ tookMs: 100, paintMs: 80, pictures: 4 }, 0)).toBeNull();
    expect(ladder.add({ tookMs: 100, paintMs: 80, pictures: 4 }, 1)).toBeNull();
    expect(ladder.add({ tookMs: 100, paintMs: 80, pictures: 4 }, 2)).toEqual({
      from: "full",
      to: "half-rate",
      reason: "blocks are left out",
    });
  });

  it("waits for blocks of the rung that it is on", () => {
    const ladder = new QualityLadder(options);
    run(ladder, { fixedMs: 60, pictureMs: 30 }, 4);
    expect(ladder.level satisfies QualityLevel).toBe("half-rate");
    // Blocks that were under way still have four pictures.
    for (let i = 0; i < 10; i++) expect(ladder.add({ tookMs: 500, paintMs: 400, pictures: 4 }, 0)).toBeNull();
  });
});
