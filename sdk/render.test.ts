import { describe, expect, it } from "vitest";
import { startServicesHere } from "./agent/services/start-services.js";
import { ARKIT_INDEX } from "./protocol/arkit.js";
import type { RenderOptions, RenderSummary } from "./render/types.js";
import { renderFrames, renderWith } from "./render.js";

const TINY = new URL("../fixtures/tiny-pack/", import.meta.url);

async function* chunks(samples: number, value: (n: number) => number, size = 1_000): AsyncGenerator<Float32Array> {
  for (let at = 0; at < samples; at += size)
    yield Float32Array.from({ length: Math.min(size, samples - at) }, (_, i) => value(at + i));
}
const tone = (n: number): number =>
  0.3 * Math.sin((2 * Math.PI * 200 * n) / 16_000) * (Math.sin(n / 3_000) > 0 ? 1 : 0);

/** In this thread; tests/threads.test.ts does it in workers. */
const renderHere = (options: Omit<RenderOptions, "pack">) =>
  renderWith({ pack: TINY, backend: "cpu", ...options }, startServicesHere);

type Rendered = { blendshapes: number[][]; pixels: number[][]; states: string[]; summary: RenderSummary };

async function collect(options: Omit<RenderOptions, "pack">): Promise<Rendered> {
  const frames = renderHere(options);
  const rendered: Omit<Rendered, "summary"> = { blendshapes: [], pixels: [], states: [] };
  for (;;) {
    const next = await frames.next();
    if (next.done) return { ...rendered, summary: next.value };
    const frame = next.value;
    expect(frame.index).toBe(rendered.states.length);
    expect(frame.timestampMs).toBe(frame.index * 40);
    rendered.blendshapes.push([...frame.blendshapes]);
    rendered.pixels.push([...frame.rgba]);
    rendered.states.push(frame.state);
    frame.close();
  }
}

describe("renderFrames", () => {
  it.each([1, 639, 640, 641, 1_280, 1_281, 2_560, 2_561, 3_840, 16_000])(
    "gives ceil(S / 640) frames for %i samples of the avatar",
    async (samples) => {
      const { states, summary } = await collect({ avatarAudio: chunks(samples, tone, 333) });
      expect(states).toHaveLength(Math.ceil(samples / 640));
      expect(summary.frames).toBe(states.length);
    },
  );

  it("renders as long as the user is there when the avatar says nothing", async () => {
    expect((await collect({ userAudio: chunks(5_000, tone) })).states).toEqual(new Array(8).fill("listening"));
    const face = { blendshapes: new Float32Array(52), pose: new Float32Array(6) };
    const userFace = [0, 0.04, 0.4].map((timeS) => ({ timeS, ...face }));
    expect((await collect({ userFace })).states).toHaveLength(11);
    expect((await collect({ frameCount: 6, userAudio: chunks(50_000, tone) })).states).toHaveLength(6);
    expect((await collect({ frameCount: 9 })).states).toHaveLength(9);
  });

  it("is the same for the same seed, whatever the chunks, and another for another seed", async () => {
    const render = (seed: number, size: number) =>
      collect({ seed, avatarAudio: chunks(8_000, tone, size), userAudio: chunks(8_000, tone, size) });
    const first = await render(7, 160);
    const same = await render(7, 5_000);
    expect(same.pixels).toEqual(first.pixels);
    expect(same.blendshapes).toEqual(first.blendshapes);
    expect((await render(8, 160)).blendshapes).not.toEqual(first.blendshapes);
  });

  it("depends on each input", async () => {
    const base = { seed: 1, frameCount: 24 };
    const face = { timeS: 0, blendshapes: new Float32Array(52), pose: new Float32Array(6) };
    face.blendshapes[ARKIT_INDEX.mouthSmileLeft] = 1;
    const still = await collect(base);
    const changed: Omit<RenderOptions, "pack">[] = [
      { avatarAudio: chunks(15_360, tone) },
      { userAudio: chunks(15_360, tone) },
      { userFace: [face] },
      { dialogue: [{ role: "user", text: "I am so happy, this is wonderful!", timeS: 0 }] },
      { expressivity: 0 },
      { switches: { lau: false } },
    ];
    for (const options of changed)
      expect((await collect({ ...base, ...options })).blendshapes, Object.keys(options)[0]).not.toEqual(
        still.blendshapes,
      );
  });

  it("says when the avatar speaks, and sums the render up", async () => {
    const { states, summary } = await collect({ avatarAudio: chunks(32_000, (n) => (n > 16_000 ? tone(n) : 0)) });
    expect(states.slice(0, 20)).toEqual(new Array(20).fill("listening"));
    expect(states).toContain("speaking");
    expect(summary).toMatchObject({ frames: 50, fps: 25, backend: "cpu" });
    expect(summary.packHash).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(summary.stages).sort()).toEqual(
      [
        "audio-encoder",
        "avatar-audio-encoder",
        "blendshape-head",
        "decoder",
        "gca",
        "generator",
        "lpe",
        "phi",
        "visual-encoder",
      ].sort(),
    );
    for (const value of [summary.realTimeFactor, summary.firstFrameMs, summary.blockMs.p50, summary.blockMs.p95])
      expect(value).toBeGreaterThan(0);
  });

  it("frees its sources when the loop ends early or is aborted", async () => {
    let closed = 0;
    async function* endless(): AsyncGenerator<Float32Array> {
      try {
        while (true) yield new Float32Array(4_000);
      } finally {
        closed += 1;
      }
    }
    for await (const frame of renderHere({ avatarAudio: endless(), userAudio: endless() })) {
      frame.close();
      if (frame.index === 9) break;
    }
    expect(closed).toBe(2);
    const controller = new AbortController();
    const frames = renderHere({ avatarAudio: endless(), signal: controller.signal });
    (await frames.next()).value;
    controller.abort(new Error("enough"));
    await expect(frames.next()).rejects.toThrow("enough");
    expect(closed).toBe(3);
  });

  it("passes on what is wrong with the samples and the pack", async () => {
    await expect(collect({ avatarAudio: chunks(8_000, (n) => (n === 5_000 ? Number.NaN : 0)) })).rejects.toThrow(
      "options.avatarAudio: sample 5000 must be finite, not NaN",
    );
    await expect(collect({ frameCount: 1, avatar: "nobody" })).rejects.toMatchObject({ code: "avatar-not-found" });
    const nowhere = renderFrames({ pack: new URL("nowhere/", TINY), frameCount: 1 });
    await expect(nowhere.next()).rejects.toMatchObject({ code: "pack-not-found" });
  });

  it.each([
    [{}, "options must have avatarAudio, userAudio, userFace or frameCount"],
    [{ pack: "" }, "options.pack must be"],
    [{ frameCount: 0 }, "options.frameCount must be a whole number from 1"],
    [{ frameCount: 1, colour: "red" }, "options.colour is not an option"],
    [{ frameCount: 1, backend: "gpu" }, "options.backend must be one of auto, cpu, wasm, webgpu, cuda"],
    [{ frameCount: 1, seed: -1 }, "options.seed must be a whole number"],
    [{ frameCount: 1, expressivity: 1.5 }, "options.expressivity must be a finite number from 0 to 1"],
    [{ frameCount: 1, switches: { llm: true } }, "options.switches.llm is not an option"],
    [{ frameCount: 1, switches: { lpe: 1 } }, "options.switches.lpe must be true or false"],
    [{ frameCount: 1, reasoner: {} }, "options.reasoner must have a method infer"],
    [{ avatarAudio: new Float32Array(4) }, "options.avatarAudio must be an async iterable"],
    [
      { frameCount: 1, dialogue: [{ role: "host", text: "a", timeS: 0 }] },
      "options.dialogue[0].role must be one of user, avatar",
    ],
    [
      {
        frameCount: 1,
        dialogue: [
          { role: "user", text: "a", timeS: 2 },
          { role: "user", text: "b", timeS: 1 },
        ],
      },
      "options.dialogue[1].timeS must not be before",
    ],
    [
      { userFace: [{ timeS: 0, blendshapes: new Float32Array(51), pose: new Float32Array(6) }] },
      "options.userFace[0].blendshapes must have 52",
    ],
  ])("refuses %j at once", (options, message) => {
    expect(() => renderFrames({ pack: TINY, ...options } as never)).toThrow(TypeError);
    expect(() => renderFrames({ pack: TINY, ...options } as never)).toThrow(message);
  });
});
