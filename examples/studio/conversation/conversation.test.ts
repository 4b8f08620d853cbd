import { expect, it } from "vitest";
import { faceAt, nearestSpan } from "./conversation.js";

it("gives a turn the stretch of speech that holds its time, else the nearest", () => {
  const speech = [
    { startS: 1, endS: 2 },
    { startS: 5, endS: 8 },
  ];
  expect(nearestSpan(speech, 2.2)).toBe(speech[0]); // a recogniser is done just after the words
  expect(nearestSpan(speech, 4.9)).toBe(speech[1]);
  expect(nearestSpan(speech, 6)).toBe(speech[1]);
  expect(nearestSpan([], 4)).toEqual({ startS: 4, endS: 7 });
});

it("holds the last face until the next one", () => {
  const face = [0.5, 1, 1.5].map((t) => ({ t, blendshapes: {} }));
  expect(faceAt(face, 0.4)).toBeNull();
  expect(faceAt(face, 1)).toBe(face[1]);
  expect(faceAt(face, 1.49)).toBe(face[1]);
  expect(faceAt(face, 99)).toBe(face[2]);
});
