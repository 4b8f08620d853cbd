import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GeneratorService } from "../../sdk/agent/services/generator-service.js";
import { createStageHost } from "../../sdk/agent/services/stage-host.js";
import { bytesOf } from "../../sdk/protocol/picture.js";
import type { RenderServer } from "../../sdk/remote/server/render-server.js";
import { conditions, PATIENT_MS, remoteGenerator, startTinyServer, tinyPack, voice } from "./one-server.js";

const open: { dispose(): Promise<void> }[] = [];
let server: RenderServer;
beforeEach(async () => {
  server = await startTinyServer();
  open.push(server);
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.dispose();
});

async function localGenerator() {
  const pack = await tinyPack();
  const service = new GeneratorService(createStageHost());
  open.push(service);
  await service.load({ pack: pack.source, avatar: "ada", backend: "cpu", seed: 1 });
  return service;
}

async function remote(options: Parameters<typeof remoteGenerator>[1] = {}) {
  const made = await remoteGenerator([server.url], options);
  open.push(made.generator);
  return made;
}

describe("a generator on a render server", { timeout: PATIENT_MS }, () => {
  it("gives the blocks that a local one gives, to the last bit, through rewinds, primes, other avatars and resets", async () => {
    const local = await localGenerator();
    const { generator, report } = await remote();
    expect(report).toMatchObject({ backend: "cpu", width: 16, height: 16 });
    const both = async (act: (each: GeneratorService) => Promise<unknown>) => {
      await act(local);
      await act(generator as never);
    };
    const compare = async (block: number, level = 0.1) => {
      const [here, there] = await Promise.all(
        [local, generator].map((each) => each.step({ ...conditions(level), pcm: voice(block) })),
      );
      expect(there!.blendshapes, `block ${block}`).toEqual(here!.blendshapes);
      expect(there!.pose).toEqual(here!.pose);
      expect(there!.rgba).toEqual(here!.rgba);
    };
    await both((each) => each.prime({ pcm: voice(9) }));
    for (let block = 0; block < 4; block++) await compare(block, block < 2 ? 0.1 : 0.2);
    await both((each) => each.rewind({ blocks: 2, pcm: voice(1) }));
    for (let block = 2; block < 5; block++) await compare(block);
    await both((each) => each.setAvatar("kofi"));
    await compare(5);
    await both((each) => each.reset());
    await compare(0);
  });

  it("takes steps ahead of their answers, in order", async () => {
    const local = await localGenerator();
    const { generator } = await remote();
    const blocks = [0, 1, 2, 3, 4];
    const there = await Promise.all(blocks.map((block) => generator.step({ ...conditions(), pcm: voice(block) })));
    for (const block of blocks)
      expect(there[block]!.blendshapes).toEqual((await local.step({ ...conditions(), pcm: voice(block) })).blendshapes);
  });

  it("refuses what is wrong with it, and goes on", async () => {
    const { generator } = await remote();
    await expect(generator.setAvatar("nobody")).rejects.toMatchObject({ code: "avatar-not-found" });
    await expect(generator.step({ ...conditions(Number.NaN), pcm: voice(0) })).rejects.toMatchObject({
      code: "message-invalid",
    });
    await expect(remote({ avatar: "nobody" })).rejects.toMatchObject({ code: "avatar-not-found" });
  });

  it.each(["png", "vp8"] as const)("sends pictures as %s", async (format) => {
    const local = await localGenerator();
    const { generator, troubles } = await remote({ formats: [format] });
    for (let block = 0; block < 3; block++) {
      const there = await generator.step({ ...conditions(), pcm: voice(block) });
      const here = await local.step({ ...conditions(), pcm: voice(block) });
      expect(there.held).toBeUndefined();
      const worst = Math.max(...there.rgba.map((rgba, f) => meanError(bytesOf(rgba), bytesOf(here.rgba[f]!))));
      expect(worst).toBeLessThanOrEqual(format === "png" ? 0 : 6);
    }
    expect(troubles).toEqual([]);
  });

  it("ends its session when it is disposed of, and says disposed after", async () => {
    const { generator } = await remote();
    expect(server.sessions).toBe(1);
    await generator.dispose();
    await expect.poll(() => server.sessions).toBe(0);
    await expect(generator.step({ ...conditions(), pcm: voice(0) })).rejects.toMatchObject({ code: "disposed" });
  });

  it("gives each of several sessions its own head", async () => {
    const sessions = await Promise.all([remote(), remote(), remote({ avatar: "kofi" })]);
    const alone = await localGenerator();
    const wanted: Float32Array[] = [];
    for (let block = 0; block < 3; block++)
      wanted.push((await alone.step({ ...conditions(), pcm: voice(block) })).blendshapes);
    for (let block = 0; block < 3; block++) {
      const [first, second, other] = await Promise.all(
        sessions.map(({ generator }, i) =>
          generator.step({ ...conditions(), pcm: voice(i === 1 ? block + 7 : block) }),
        ),
      );
      expect(first!.blendshapes).toEqual(wanted[block]);
      expect(second!.blendshapes).not.toEqual(wanted[block]);
      expect(other!.rgba[0]).not.toEqual(first!.rgba[0]);
    }
    const heads = async () => {
      const text = await (await fetch(new URL("/metrics", server.url))).text();
      return Number(/echo_head_graph_heads_total\{graph="generator"\} (\d+)/.exec(text)?.[1]);
    };
    await expect.poll(async () => (await heads()) >= 3 * 9, { timeout: 30_000 }).toBe(true);
  });
});

/** Mean over the opaque pixels; a disc of 16 x 16 is mostly edge to a codec. */
function meanError(a: Uint8ClampedArray, b: Uint8ClampedArray): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (b[i | 3]! < 255) continue;
    sum += Math.abs(a[i]! - b[i]!);
    count += 1;
  }
  return sum / Math.max(1, count);
}
