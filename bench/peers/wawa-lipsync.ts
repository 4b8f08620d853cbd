import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { OfflineAnalyser } from "./analyser.js";
import { blendVisemes, type LipSystem, type MouthShape, PAGE_FPS } from "./tracks.js";
import { PAGE_RATE_HZ } from "./worklet-host.js";

/** Share of the way to the named viseme that a morph target goes in a frame. Ours: the package names a viseme and leaves the motion to its user. */
const LERP = 0.2;

/** wawa-lipsync: bands of an AnalyserNode and rules. It names one viseme a frame; a lerp makes weights of them, as its user would. */
export async function createWawaLipsync(): Promise<LipSystem> {
  const root = dirname(dirname(createRequire(import.meta.url).resolve("wawa-lipsync")));
  const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  let pcm: Float32Array = new Float32Array(0);
  let analyser: OfflineAnalyser | undefined;
  const scope = globalThis as unknown as { window: unknown };
  scope.window = {
    AudioContext: class {
      readonly sampleRate = PAGE_RATE_HZ;
      readonly destination = {};
      createAnalyser() {
        // fftSize is assigned after the node is made, to its default of 2048
        analyser = new OfflineAnalyser({ pcm, fftSize: 2048 });
        return analyser;
      }
    },
  };
  const { Lipsync } = await import(/* @vite-ignore */ join(root, "dist/wawa-lipsync.es.js"));
  return {
    name: "wawa-lipsync",
    version,
    licence: license,
    how: `processAudio() ${PAGE_FPS} times a second at 48 kHz on an AnalyserNode made after the specification, weights by a lerp of ${LERP} a frame`,
    async run({ pcm48 }) {
      pcm = pcm48;
      const clock = { nowMs: 0 };
      const real = globalThis.performance;
      Object.defineProperty(globalThis, "performance", { value: { now: () => clock.nowMs }, configurable: true });
      try {
        const lipsync = new Lipsync() as { viseme: string; processAudio(): void };
        const weights = new Map<string, number>();
        const timesS: number[] = [];
        const shapes: MouthShape[] = [];
        for (let frame = 1; frame / PAGE_FPS <= pcm.length / PAGE_RATE_HZ; frame++) {
          clock.nowMs = (frame * 1_000) / PAGE_FPS;
          analyser!.heard = Math.round((frame / PAGE_FPS) * PAGE_RATE_HZ);
          lipsync.processAudio();
          const now = lipsync.viseme.replace("viseme_", "");
          if (!weights.has(now)) weights.set(now, 0);
          for (const [viseme, weight] of weights) weights.set(viseme, weight + LERP * (Number(viseme === now) - weight));
          timesS.push(frame / PAGE_FPS);
          shapes.push(blendVisemes(weights));
        }
        return { timesS, shapes };
      } finally {
        Object.defineProperty(globalThis, "performance", { value: real, configurable: true, writable: true });
      }
    },
    async dispose() {},
  };
}
