import { encode } from "fast-png";
import { expect, it } from "vitest";
import { type ListeningRun, measureReactions, type Planned, reactionDelays } from "../../bench/live/reaction.js";
import { changes, mouthOf, pictures } from "../../bench/live/seen.js";

/** A face that nods by itself every 400 ms; after the event it also smiles. Frames come every 40 ms, pictures 5 ms after them. */
function run(planned: Planned, { reactsAfterMs = 300, leftOut = 0, smile = 0.3 } = {}): ListeningRun {
  const eventMs = planned && planned.afterMs + 7;
  const shown = Array.from({ length: 120 }, (_, i) => {
    const atMs = (i + leftOut) * 40;
    const smiling = eventMs !== undefined && atMs >= eventMs + reactsAfterMs ? smile : 0;
    return { atMs, nod: (i % 10) / 10, smiling };
  });
  return {
    inside: { eventMs, frames: shown.map(({ atMs, nod, smiling }) => ({ atMs, blendshapes: [nod, smiling] })) },
    outside: {
      eventMs,
      pictures: shown.map(({ atMs, nod, smiling }) => ({
        atMs: atMs + 5,
        grey: new Float32Array([100 * nod, 10 * smiling]),
      })),
    },
  };
}
const at = (afterMs: number): Planned => ({ kind: "smile", afterMs });

it("a reaction is the first face that the head never shows with nobody there, whatever it does by itself", () => {
  expect(reactionDelays([run(undefined)], run(at(1_000)))).toEqual({ inside: 313, outside: 318 }); // 1320 - 1007
});

it("blocks that are left out shift faces and are no reaction", () => {
  expect(reactionDelays([run(undefined)], run(at(1_000), { leftOut: 4 }))).toEqual({ inside: 313, outside: 318 });
});

it("what is too small to be seen is none, and what was there before the event does not count", () => {
  expect(reactionDelays([run(undefined)], run(at(1_000), { smile: 0.01 }))).toEqual({});
  expect(reactionDelays([run(undefined)], run(at(1_000), { reactsAfterMs: -200 }))).toBeUndefined();
});

it("every event is told: with its delay, without one, or as not counted after three tries", async () => {
  let tries = 0;
  const listen = async (planned: Planned) => {
    if (planned?.kind !== "smile") return run(planned, { smile: 0 });
    const first = planned.afterMs === 2_000;
    if (first) tries++;
    return run(planned, { reactsAfterMs: first ? -100 : 300 });
  };
  const { smile, voice } = await measureReactions({ listen, count: 3 });
  expect(tries).toBe(3);
  expect(smile).toMatchObject({ events: 2, spoiled: 1, insideMs: { n: 2 }, outsideMs: { n: 2 } });
  expect(voice).toMatchObject({ events: 3, spoiled: 0, insideMs: { n: 0 }, outsideMs: { n: 0 } });
});

it("a face that one run with nobody there left out is known from another", () => {
  const { inside } = run(undefined);
  const gap = { inside: { ...inside, frames: inside.frames.filter((_, i) => i % 10 !== 3) } };
  const seen = { inside: run(at(1_000)).inside };
  expect(reactionDelays([gap], seen)).toBeUndefined();
  expect(reactionDelays([gap, { inside }], seen)).toEqual({ inside: 313 });
});

it("pictures from before the window had its size are left out", () => {
  const shot = (atMs: number, width: number) => ({
    atMs,
    png: encode({ width, height: 2, channels: 3, depth: 8, data: new Uint8Array(width * 6).fill(90) }),
  });
  const seen = pictures([shot(0, 4), shot(10, 2), shot(20, 2)], { x: 0, y: 0, width: 1, height: 1 });
  expect(seen.map(({ atMs, grey }) => [atMs, grey.length])).toEqual([
    [10, 4],
    [20, 4],
  ]);
});

it("pictures change by the mean difference of their luminance; the mouth is the lower middle of the face", () => {
  const seen = [
    [0, 0],
    [0, 4],
    [0, 4],
  ].map((grey, i) => ({ atMs: i, grey: new Float32Array(grey) }));
  expect(changes(seen)).toEqual([0, 2, 0]);
  expect(mouthOf({ x: 0, y: 0, width: 1, height: 1 })).toEqual({ x: 0.3, y: 0.5, width: 0.4, height: 0.35 });
});
