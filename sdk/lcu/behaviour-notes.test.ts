import { expect, it } from "vitest";
import { ARKIT_INDEX } from "../protocol/arkit.js";
import { BehaviourNotes } from "./behaviour-notes.js";

/** Ten seconds in blocks of four frames; `face` says what is seen in a frame of the second, or null. */
function watch(
  notes: BehaviourNotes,
  startS: number,
  face: (timeS: number) => Record<number, number> | null,
  speaking = false,
) {
  for (let frame = 0; frame < 252; frame += 4) {
    const block = {
      face: new Float32Array(4 * 58),
      presence: new Float32Array(4),
      speaking,
      timeS: startS + (frame + 4) / 25,
    };
    for (let f = 0; f < 4; f++) {
      const seen = face((frame + f) / 25);
      if (seen === null) continue;
      block.presence[f] = 1;
      for (const [index, value] of Object.entries(seen)) block.face[f * 58 + Number(index)] = value;
    }
    notes.add(block);
  }
}

const { mouthSmileLeft, mouthSmileRight, eyeBlinkLeft, eyeBlinkRight } = ARKIT_INDEX;
const PITCH = 53;

it("puts smiles, nods, blinks and speech into words", () => {
  const notes = new BehaviourNotes();
  watch(notes, 0, () => ({ [mouthSmileLeft]: 0.6, [mouthSmileRight]: 0.4 }), true);
  expect(notes.lines(30)).toEqual([expect.stringMatching(/^\[20 s ago, 10 s long\] speaks 100 % .*smile 0.5 of 1/)]);
  const nodding = new BehaviourNotes();
  // A nod a second, and a blink of 0.2 s every two.
  watch(nodding, 0, (t) => ({
    [PITCH]: 0.08 * Math.sin(2 * Math.PI * t),
    ...(t % 2 < 0.2 ? { [eyeBlinkLeft]: 1, [eyeBlinkRight]: 1 } : {}),
  }));
  expect(nodding.lines(10)[0]).toMatch(/speaks 0 % .*(9|10) nods, 5 blinks/);
});

it("says that nobody was there, or looked away", () => {
  const notes = new BehaviourNotes();
  watch(notes, 0, () => null);
  expect(notes.lines(10)[0]).toContain("not in view");
  const away = new BehaviourNotes();
  watch(away, 0, (t) => ({ 52: t < 5 ? 0.6 : 0 }));
  expect(away.lines(10)[0]).toContain("looks away 50 %");
});

it("keeps five minutes", () => {
  const notes = new BehaviourNotes();
  for (let i = 0; i < 60; i++) watch(notes, 10 * i, () => null);
  expect(notes.lines(600)).toHaveLength(30);
});
