import { expect, it } from "vitest";
import { findSpeech } from "./speech-segments.js";

const RATE = 16_000;

/** Silence with tones of amplitude 0.2 at the given seconds. */
function tones(lengthS: number, spans: readonly (readonly [number, number])[]): Float32Array {
  const pcm = new Float32Array(lengthS * RATE);
  for (const [fromS, toS] of spans) {
    for (let i = Math.round(fromS * RATE); i < Math.round(toS * RATE); i += 1) pcm[i] = 0.2 * Math.sin(i * 0.3);
  }
  return pcm;
}

it("finds turns, keeps breaths inside them and leaves a margin", () => {
  const segments = findSpeech(
    tones(10, [
      [1, 2],
      [2.4, 3],
      [6, 7],
    ]),
    RATE,
  );
  expect(segments).toHaveLength(2);
  expect(segments[0]!.startS).toBeCloseTo(0.92, 1);
  expect(segments[0]!.endS).toBeCloseTo(3.08, 1);
  expect(segments[1]!.startS).toBeCloseTo(5.92, 1);
});

it("stays inside the recording and finds nothing in silence", () => {
  expect(findSpeech(tones(2, [[0, 2]]), RATE)).toEqual([{ startS: 0, endS: 2 }]);
  expect(findSpeech(new Float32Array(RATE), RATE)).toEqual([]);
  expect(findSpeech(new Float32Array(0), RATE)).toEqual([]);
});
