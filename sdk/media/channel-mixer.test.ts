import { expect, it } from "vitest";
import { ChannelMixer } from "./channel-mixer.js";

const tone = (amplitude: number, length = 1_000) =>
  Float32Array.from({ length }, (_, i) => amplitude * Math.sin(i / 5));
const peak = (pcm: Float32Array) => pcm.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

it("keeps the level of a voice that is in one channel of six", () => {
  const silent = new Float32Array(1_000);
  const mixed = new ChannelMixer(6).mix([silent, silent, tone(0.5), silent, silent, silent]);
  expect([...mixed]).toEqual([...tone(0.5)]);
});

it("is the mean where the voice is in all of them", () => {
  const mixed = new ChannelMixer(6).mix(Array.from({ length: 6 }, () => tone(0.5)));
  expect(peak(mixed)).toBeCloseTo(peak(tone(0.5)), 6);
});

it("leaves out what is hardly there", () => {
  expect([...new ChannelMixer(2).mix([tone(0.5), tone(0.01)])]).toEqual([...tone(0.5)]);
});

it("never clips, and fades a channel in that comes late", () => {
  const mixer = new ChannelMixer(2);
  mixer.mix([tone(1), new Float32Array(1_000)]);
  const ones = new Float32Array(1_000).fill(1);
  const late = mixer.mix([ones, ones]);
  expect(peak(late)).toBeLessThanOrEqual(1);
  for (let i = 1; i < late.length; i++) expect(Math.abs(late[i]! - late[i - 1]!)).toBeLessThan(0.01);
  expect(mixer.mix([ones, new Float32Array(1_000)])[10]).toBeCloseTo(0.5, 6);
});

it("has no fade at the first sound after silence", () => {
  const mixer = new ChannelMixer(2);
  mixer.mix([new Float32Array(10), new Float32Array(10)]);
  expect([...mixer.mix([tone(0.5), new Float32Array(1_000)])]).toEqual([...tone(0.5)]);
});
