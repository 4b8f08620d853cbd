import { describe, expect, it } from "vitest";
import { LeadTime } from "./lead-time.js";
import { SpeechSource } from "./speech-source.js";
import { SpeechTimeline } from "./speech-timeline.js";

const source = (length: number, from = 1, end = true): SpeechSource => {
  const made = new SpeechSource({ sampleRateHz: 16_000 });
  if (length > 0) made.push({ pcm: Float32Array.from({ length }, (_, i) => from + i), sampleRateHz: 16_000 }, "audio");
  if (end) made.end();
  return made;
};
const timeline = () => new SpeechTimeline({ sampleRateHz: 16_000 });

describe("SpeechTimeline", () => {
  it("places an utterance, tells its beginning and its end, and what of it was played", () => {
    const speech = timeline();
    speech.add("a", source(6));
    expect([...speech.place(100, 4).pcm]).toEqual([1, 2, 3, 4]);
    const { pcm, placed } = speech.place(104, 4);
    expect([...pcm]).toEqual([5, 6, 0, 0]);
    expect(placed).toEqual([
      { utteranceId: "a", start: 104, pcm: Float32Array.of(5, 6), sampleRateHz: 16_000, channels: 1 },
    ]);
    expect([99, 100, 105, 106].map((sample) => speech.speakingAt(sample))).toEqual([undefined, "a", "a", undefined]);
    expect(speech.settle(99)).toEqual({ started: [], finished: [] });
    expect(speech.nextChange()).toBe(100);
    expect(speech.settle(100)).toEqual({ started: ["a"], finished: [] });
    expect(speech.nextChange()).toBe(106);
    expect(speech.settle(105).finished).toEqual([]);
    expect(speech.settle(106)).toEqual({ started: [], finished: [{ id: "a", playedSamples: 6 }] });
    expect(speech.length).toBe(0);
  });

  it("lets the next utterance follow at once", () => {
    const speech = timeline();
    speech.add("a", source(2));
    speech.add("b", source(3, 11));
    expect([...speech.place(0, 4).pcm]).toEqual([1, 2, 11, 12]);
    expect([...speech.place(4, 4).pcm]).toEqual([13, 0, 0, 0]);
    expect(speech.settle(100).finished.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("rests whole blocks while a stream is stalled, and resumes", () => {
    const speech = timeline();
    const stream = source(6, 1, false);
    speech.add("a", stream);
    expect([...speech.place(0, 4).pcm]).toEqual([1, 2, 3, 4]);
    expect([...speech.place(4, 4).pcm]).toEqual([0, 0, 0, 0]); // 2 samples are no block
    expect(speech.speakingAt(6)).toBe("a");
    stream.push({ pcm: Float32Array.of(7, 8, 9), sampleRateHz: 16_000 }, "audio");
    stream.end();
    expect([...speech.place(8, 4).pcm]).toEqual([5, 6, 7, 8]);
    expect([...speech.place(12, 4).pcm]).toEqual([9, 0, 0, 0]);
    speech.settle(0);
    expect(speech.settle(13).finished).toEqual([{ id: "a", playedSamples: 9 }]);
  });

  it("does not let a later utterance overtake a stalled one", () => {
    const speech = timeline();
    speech.add("a", source(0, 1, false));
    speech.add("b", source(4));
    expect([...speech.place(0, 4).pcm]).toEqual([0, 0, 0, 0]);
  });

  it("ends all at an interruption, and counts only what was heard", () => {
    const speech = timeline();
    speech.add("a", source(8));
    speech.add("b", source(8));
    speech.place(0, 4);
    speech.place(4, 4);
    expect(speech.interrupt(5)).toEqual([
      { id: "a", playedSamples: 5 },
      { id: "b", playedSamples: 0 },
    ]);
    expect(speech.place(8, 4).pcm).toEqual(new Float32Array(4));
    expect(speech.nextChange()).toBeUndefined();
  });

  it("ends an empty utterance at once", () => {
    const speech = timeline();
    speech.add("a", source(0));
    speech.place(0, 4);
    expect(speech.settle(0)).toEqual({ started: [], finished: [{ id: "a", playedSamples: 0 }] });
  });
});

describe("LeadTime", () => {
  it("covers the slowest of the last blocks, within its bounds", () => {
    const lead = new LeadTime();
    expect(lead.ms).toBe(320);
    for (let i = 0; i < 20; i++) lead.add(100);
    expect(lead.ms).toBe(160);
    lead.add(150);
    expect(lead.ms).toBe(225);
    lead.add(1_000);
    expect(lead.ms).toBe(480);
    for (let i = 0; i < 25; i++) lead.add(1);
    expect(lead.ms).toBe(472); // by small steps
    for (let i = 0; i < 50; i++) lead.add(1);
    expect(lead.ms).toBe(80);
  });
});
