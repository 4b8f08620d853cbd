import { afterEach, describe, expect, it } from "vitest";
import { GeneratorService } from "../sdk/agent/services/generator-service.js";
import { LcuService } from "../sdk/agent/services/lcu-service.js";
import { createStageHost } from "../sdk/agent/services/stage-host.js";
import { bytesOf } from "../sdk/protocol/picture.js";
import { openPack, PACKS } from "./golden-pack.js";

const open: { dispose(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((service) => service.dispose())));

const voice = (block: number): Float32Array =>
  Float32Array.from({ length: 2_560 }, (_, n) => 0.4 * Math.sin((n + 2_560 * block) * (0.02 + 0.01 * (block % 5))));
const conditions = () => ({
  fPu: new Float32Array(12 * 128).fill(0.1),
  emotion: new Float32Array(8 * 128).fill(0.1),
  sdcm: true,
  lau: true,
  expressivity: 1,
});

describe.each(PACKS)("the services on %s", { timeout: 120_000 }, (path) => {
  async function generator(seed = 1) {
    const pack = await openPack(path);
    const service = new GeneratorService(createStageHost());
    open.push(service);
    await service.load({ pack: pack.source, avatar: pack.manifest.defaultAvatar, backend: "cpu", seed });
    const step = async (block: number, pcm = voice(block)): Promise<number[]> => [
      ...(await service.step({ ...conditions(), pcm })).blendshapes,
    ];
    return { service, step, pack };
  }

  it("makes the same blocks again after going back, as if they had never been made", async () => {
    const one = await generator();
    const straight: number[][] = [];
    for (let block = 0; block < 6; block++) straight.push(await one.step(block));
    const two = await generator();
    for (let block = 0; block < 5; block++) await two.step(block, block < 3 ? voice(block) : voice(block + 50));
    await two.service.rewind({ blocks: 2, pcm: voice(2) });
    for (let block = 3; block < 6; block++) expect(await two.step(block), `block ${block}`).toEqual(straight[block]);
    await expect(two.service.rewind({ blocks: 9, pcm: voice(0) })).rejects.toThrow(
      "blocks must be a whole number from 0 to",
    );
  });

  it("puts other audio in the place of the block before those it takes back", async () => {
    const one = await generator();
    const want: number[][] = [];
    for (let block = 0; block < 4; block++)
      want.push(await one.step(block, block === 2 ? new Float32Array(2_560) : voice(block)));
    const two = await generator();
    for (let block = 0; block < 4; block++) await two.step(block);
    const before = await two.step(4);
    await two.service.rewind({ blocks: 2, pcm: new Float32Array(2_560) });
    const again = await two.step(3);
    expect(again).not.toEqual(before);
    expect(again).not.toEqual(want[2]);
  });

  it("hears the block before otherwise without taking anything back", async () => {
    const one = await generator();
    const two = await generator();
    const other = voice(2);
    other.set(voice(60).subarray(1_280), 1_280); // what comes next has changed
    for (let block = 0; block < 2; block++) await one.step(block);
    const heard = await one.step(2, other);
    for (let block = 0; block < 3; block++) await two.step(block);
    await two.service.rewind({ blocks: 0, pcm: other });
    expect(heard).not.toEqual(
      await generator().then(async ({ step }) => [await step(0), await step(1), await step(2)][2]),
    );
    // The motion so far was made of the old audio; the voice from now on is the new one.
    const three = await generator();
    for (let block = 0; block < 3; block++) await three.step(block);
    expect(await two.step(3)).not.toEqual(await three.step(3));
  });

  it("carries its states: a block depends on those before it, and a reset forgets them", async () => {
    const { service, step } = await generator();
    const first = [await step(0), await step(1), await step(2)];
    expect(await step(0)).not.toEqual(first[0]);
    await service.reset();
    expect([await step(0), await step(1), await step(2)]).toEqual(first);
  });

  it("hears what primes it", async () => {
    const plain = await generator();
    const primed = await generator();
    await primed.service.prime({ pcm: voice(7) });
    expect(await primed.step(0)).not.toEqual(await plain.step(0));
    const silent = await generator();
    await silent.service.prime({ pcm: new Float32Array(2_560) }); // silence is where it begins
    await plain.service.reset();
    expect(await silent.step(0)).toEqual(await plain.step(0));
  });

  it("paints one picture after another as it paints them together, and drops those of a block that is over", async () => {
    const together = await generator();
    const { service } = await generator();
    for (const block of [0, 1]) {
      const whole = await together.service.step({ ...conditions(), pcm: voice(block) });
      const first = await service.step({ ...conditions(), pcm: voice(block), paintNow: 1 });
      expect(first).toMatchObject({ blendshapes: whole.blendshapes, unpainted: 3 });
      const rgba = [...first.rgba];
      for (let i = 0; i < 3; i++) rgba.push((await service.paint()).rgba);
      const want = whole.rgba.map(bytesOf);
      const off = rgba.flatMap((picture, f) => [...bytesOf(picture)].map((value, i) => Math.abs(value - want[f]![i]!)));
      expect(Math.max(0, ...off.filter((value) => value > 1))).toBe(0); // rounding may differ with the size of a batch
      await expect(service.paint()).rejects.toThrow("paint() has nothing to paint");
    }
    await service.step({ ...conditions(), pcm: voice(2), paintNow: 1 });
    await service.reset();
    await expect(service.paint()).rejects.toThrow("paint() has nothing to paint");
    const few = await service.step({ ...conditions(), pcm: voice(0), pictures: 2, paintNow: 1 });
    expect(few).toMatchObject({ unpainted: 1 });
  });

  it("changes the avatar between two blocks", async () => {
    const { service, pack } = await generator();
    const [, other] = pack.manifest.avatars;
    if (other === undefined) return;
    const picture = async () => bytesOf((await service.step({ ...conditions(), pcm: voice(0) })).rgba[0]!);
    await service.reset();
    const before = await picture();
    await service.reset();
    await service.setAvatar(other);
    expect(await picture()).not.toEqual(before);
    await expect(service.setAvatar("nobody")).rejects.toMatchObject({ code: "avatar-not-found" });
    expect((await picture()).length).toBe(before.length); // the avatar that was there goes on
  });

  it("listens block by block with its states, and encodes texts", async () => {
    const pack = await openPack(path);
    const service = new LcuService(createStageHost());
    open.push(service);
    await service.load({ pack: pack.source, backend: "cpu" });
    const step = async (block: number): Promise<number[]> => {
      const face = new Float32Array(4 * 58).fill(0.2);
      const presence = new Float32Array(4).fill(1);
      return [...(await service.step({ pcm: voice(block), face, presence, lpe: true, hbcu: true })).fPu];
    };
    const first: number[][] = [];
    for (let block = 0; block < 8; block++) first.push(await step(block));
    expect(await step(0)).not.toEqual(first[0]);
    await service.reset();
    for (let block = 0; block < 8; block++) expect(await step(block), `block ${block}`).toEqual(first[block]);
    const warm = await service.setAffect("warm, happy");
    expect(warm).toHaveLength(8 * 128);
    expect(await service.setAffect("warm, happy")).toEqual(warm);
    expect(await service.setAffect("concerned")).not.toEqual(warm);
  });

  it("says so when it is used before loading or after its end", async () => {
    const service = new LcuService(createStageHost());
    await expect(service.setAffect("happy")).rejects.toMatchObject({ code: "disposed" });
    await service.dispose();
    await expect(service.reset()).rejects.toMatchObject({ code: "disposed" });
  });
});
