import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { blendVisemes, type LipSystem, type MouthShape, PAGE_FPS } from "./tracks.js";
import { type HostedNode, installWorkletHost, playThrough } from "./worklet-host.js";

type HeadAudioNode = HostedNode & {
  onvalue: ((viseme: string, value: number) => void) | null;
  loadModel(url: string): Promise<void>;
  update(deltaMs: number): void;
};

/** HeadAudio: MFCC, Gaussian prototypes and easing, with the model that it ships. */
export async function createHeadAudio(): Promise<LipSystem> {
  installWorkletHost();
  const root = dirname(createRequire(import.meta.url).resolve("@met4citizen/headaudio/package.json"));
  const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  await import(/* @vite-ignore */ join(root, "modules/headworklet.mjs"));
  const { HeadAudio } = await import(/* @vite-ignore */ join(root, "modules/headaudio.mjs"));
  const model = readFileSync(join(root, "dist/model-en-mixed.bin")).toString("base64");
  return {
    name: "HeadAudio",
    version,
    licence: license,
    how: `its worklet and node unchanged at 48 kHz, its English model, default parameters, update() ${PAGE_FPS} times a second`,
    async run({ pcm48 }) {
      const node = new HeadAudio({}) as HeadAudioNode;
      await node.loadModel(`data:application/octet-stream;base64,${model}`);
      const weights = new Map<string, number>();
      node.onvalue = (viseme, value) => weights.set(viseme.replace("viseme_", ""), value);
      const timesS: number[] = [];
      const shapes: MouthShape[] = [];
      playThrough(node, pcm48, PAGE_FPS, (timeS) => {
        node.update(1_000 / PAGE_FPS);
        timesS.push(timeS);
        shapes.push(blendVisemes(weights));
      });
      return { timesS, shapes };
    },
    async dispose() {},
  };
}
