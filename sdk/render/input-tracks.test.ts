import { describe, expect, it } from "vitest";
import { AvatarTrack, UserTrack } from "./input-tracks.js";

const clock = { fps: 25, sampleRateHz: 16_000, samplesPerFrame: 640, blockFrames: 4, avatarLookaheadFrames: 2 };

/** Sample n has the value n + 1, so that silence (0) and places can be told apart. */
async function* ramp(samples: number, chunk = 700): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples; at += chunk)
    yield Float32Array.from({ length: Math.min(chunk, samples - at) }, (_, i) => at + i + 1);
}

describe("AvatarTrack", () => {
  it("primes with the first two frames and gives block k the samples [2560 k + 1280, 2560 (k + 1) + 1280)", async () => {
    const track = new AvatarTrack(ramp(6_000), clock);
    const [primer, ...more] = await track.prime();
    expect(more).toEqual([]);
    expect(primer).toHaveLength(2_560);
    expect(primer!.subarray(0, 1_280)).toEqual(new Float32Array(1_280));
    expect([primer![1_280], primer![2_559]]).toEqual([1, 1_280]);
    const first = await track.next();
    expect([first.pcm[0], first.pcm[2_559], first.totalFrames]).toEqual([1_281, 3_840, undefined]);
    const second = await track.next();
    expect([second.pcm[0], second.pcm[2_159], second.pcm[2_160]]).toEqual([3_841, 6_000, 0]);
    expect(second.totalFrames).toBe(10); // ceil(6000 / 640)
  });

  it("primes with more than a block where the look-ahead is longer, and not at all without one", async () => {
    const long = await new AvatarTrack(ramp(9_000), { ...clock, avatarLookaheadFrames: 6 }).prime();
    expect(long.map((pcm) => [pcm[0], pcm[2_559]])).toEqual([
      [0, 1_280],
      [1_281, 3_840],
    ]);
    const none = new AvatarTrack(ramp(9_000), { ...clock, avatarLookaheadFrames: 0 });
    expect(await none.prime()).toEqual([]);
    expect((await none.next()).pcm[0]).toBe(1);
  });

  it("knows the end of audio that ends within the primer", async () => {
    const track = new AvatarTrack(ramp(1_000), clock);
    await track.prime();
    expect((await track.next()).totalFrames).toBe(2);
  });

  it("says in which frames there is speech, and holds it over short pauses", async () => {
    async function* voice(): AsyncGenerator<Float32Array> {
      yield new Float32Array(640 * 4);
      yield new Float32Array(640 * 2).fill(0.1);
      yield new Float32Array(640 * 40);
    }
    const track = new AvatarTrack(voice(), clock);
    await track.prime();
    const speaking: boolean[] = [];
    for (let block = 0; block < 6; block++) speaking.push(...(await track.next()).speaking);
    expect(speaking.map(Number).join("")).toBe("000011111111111000000000");
  });
});

describe("UserTrack", () => {
  it("gives block k the samples [2560 k, 2560 (k + 1)) and the faces of the same frames", async () => {
    const face = (timeS: number, jaw: number) => {
      const sample = { timeS, blendshapes: new Float32Array(52), pose: new Float32Array(6) };
      sample.blendshapes[17] = jaw;
      return sample;
    };
    const faces = [face(0, 0.25), face(0.08, 0.5), face(0.2, 0.75)];
    const track = new UserTrack({ audio: ramp(3_000), faces }, clock);
    const jaws = (block: { face: Float32Array }): number[] => [0, 1, 2, 3].map((f) => block.face[f * 58 + 17]!);
    const first = await track.next();
    expect([first.pcm[0], first.pcm[2_559], first.totalFrames]).toEqual([1, 2_560, undefined]);
    expect(jaws(first)).toEqual([0.25, 0.25, 0.5, 0.5]);
    const second = await track.next();
    expect([second.pcm[0], second.pcm[439], second.pcm[440]]).toEqual([2_561, 3_000, 0]);
    expect(jaws(second)).toEqual([0.5, 0.75, 0.75, 0.75]);
    expect(second.totalFrames).toBe(6); // 5 of the audio, 6 of the face
    for (let i = 0; i < 3; i++) await track.next();
    expect([...(await track.next()).presence]).toEqual([0, 0, 0, 0]); // 0.8 s: the last face is 0.6 s old
  });
});
