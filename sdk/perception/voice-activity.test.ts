import { describe, expect, it } from "vitest";
import { VoiceActivity } from "./voice-activity.js";

const RATE = 16_000;

/** A buzz of a voice in syllables, at a level in dB of full scale. */
function voice(seconds: number, db: number): Float32Array {
  const level = 10 ** (db / 20);
  return Float32Array.from({ length: seconds * RATE }, (_, n) => {
    const t = n / RATE;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 2.2 * t)) ** 0.5;
    let sum = 0;
    for (let k = 1; k < 20; k++) sum += Math.sin(2 * Math.PI * 140 * k * t) / k;
    return level * syllable * sum;
  });
}

function noise(seconds: number, db: number, seed = 1): Float32Array {
  let state = seed;
  const level = 10 ** (db / 20) * Math.sqrt(3);
  return Float32Array.from({ length: seconds * RATE }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return level * (state / 2 ** 31 - 1);
  });
}

function hum(seconds: number, db: number): Float32Array {
  return Float32Array.from(
    { length: seconds * RATE },
    (_, n) => 10 ** (db / 20) * Math.sin((2 * Math.PI * 50 * n) / RATE),
  );
}

const mixed = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value + (b[i] ?? 0));
const joined = (...parts: Float32Array[]): Float32Array => Float32Array.from(parts.flatMap((part) => [...part]));

/** When it changes its mind, in seconds, fed as a worklet feeds it. */
function changes(pcm: Float32Array): [boolean, number][] {
  const watch = new VoiceActivity({ sampleRateHz: RATE });
  const found: [boolean, number][] = [];
  for (let at = 0; at < pcm.length; at += 341) {
    const change = watch.push(pcm.subarray(at, at + 341));
    if (change) found.push([change.speaking, at / RATE]);
  }
  return found;
}

describe("VoiceActivity", () => {
  it("hears a voice begin and end, in a quiet and in a noisy room", () => {
    for (const room of [-90, -60, -45]) {
      const pcm = mixed(joined(new Float32Array(RATE), voice(2, -20), new Float32Array(2 * RATE)), noise(5, room));
      const found = changes(pcm);
      expect(
        found.map(([speaking]) => speaking),
        `room of ${room} dB`,
      ).toEqual([true, false]);
      expect(found[0]![1]).toBeGreaterThan(0.95);
      expect(found[0]![1]).toBeLessThan(1.3);
      expect(found[1]![1]).toBeGreaterThan(2.9);
      expect(found[1]![1]).toBeLessThan(3.7);
    }
  });

  it("takes neither noise nor hum nor a click for a voice", () => {
    expect(changes(noise(8, -40))).toEqual([]);
    expect(changes(mixed(hum(5, -15), noise(5, -70)))).toEqual([]);
    const clicks = noise(5, -70);
    for (let s = 1; s < 5; s++) clicks.set(noise(0.01, -10, s), s * RATE);
    expect(changes(clicks)).toEqual([]);
    expect(changes(new Float32Array(3 * RATE))).toEqual([]);
  });

  it("follows a room that grows louder", () => {
    const found = changes(joined(noise(4, -70), noise(8, -42)));
    // A fan that is switched on may be taken for a voice for as long as the floor needs, not longer.
    expect(found.length).toBeLessThanOrEqual(2);
    for (const [speaking, at] of found) if (!speaking) expect(at).toBeLessThan(8.5);
    expect(found.at(-1)?.[0] ?? false).toBe(false);
  });

  it("holds through the pauses between words", () => {
    const gap = new Float32Array(0.25 * RATE);
    const pcm = joined(
      new Float32Array(RATE),
      voice(1, -20),
      gap,
      voice(1, -20),
      gap,
      voice(1, -20),
      new Float32Array(RATE),
    );
    expect(changes(mixed(pcm, noise(7, -70))).map(([speaking]) => speaking)).toEqual([true, false]);
  });

  it("forgets when it is told to", () => {
    const watch = new VoiceActivity({ sampleRateHz: RATE });
    watch.push(mixed(joined(new Float32Array(RATE), voice(1, -20)), noise(2, -70)));
    expect(watch.speaking).toBe(true);
    watch.reset();
    expect(watch.speaking).toBe(false);
  });
});
