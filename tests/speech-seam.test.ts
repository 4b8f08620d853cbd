import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GeneratorService } from "../sdk/agent/services/generator-service.js";
import { createStageHost } from "../sdk/agent/services/stage-host.js";
import { openAudioFile } from "../sdk/media/audio-file.js";
import { openPack, PACKS } from "./golden-pack.js";

const PACK = "models/echo-nano";
/** Blocks of listening before speech begins, blocks of speech, and how often. */
const [LISTENED, SPOKEN, PLACES] = [6, 6, 8];
/** Samples of a frame, of a block, and by which a block's audio runs ahead of it. */
const [FRAME, BLOCK, AHEAD] = [640, 2_560, 1_280];

/** Coefficients and pose of one frame. */
type Motion = { readonly blendshapes: Float32Array; readonly pose: Float32Array };

const service = new GeneratorService(createStageHost());
let speech: Float32Array;

beforeAll(async () => {
  if (!PACKS.includes(PACK)) return;
  const pack = await openPack(PACK);
  await service.load({ pack: pack.source, avatar: pack.manifest.defaultAvatar, backend: "cpu", seed: 1 });
  const file = await openAudioFile(fileURLToPath(new URL("../fixtures/audio/speech.flac", import.meta.url)));
  const parts: Float32Array[] = [];
  for await (const part of file.mono({ sampleRateHz: 16_000 })) parts.push(part);
  speech = Float32Array.from(parts.flatMap((part) => [...part]));
}, 60_000);
afterAll(() => service.dispose());

/** The audio of a block when speech begins with frame `start` of the timeline. */
function audio(block: number, start: number): Float32Array {
  const from = block * BLOCK + AHEAD - start * FRAME;
  return Float32Array.from({ length: BLOCK }, (_, n) => speech[from + n] ?? 0);
}

async function step(pcm: Float32Array): Promise<Motion[]> {
  const { blendshapes, pose } = await service.step({
    pcm,
    fPu: new Float32Array(12 * 128).fill(0.1),
    emotion: new Float32Array(8 * 128).fill(0.1),
    sdcm: true,
    lau: true,
    expressivity: 1,
    pictures: 0,
  });
  return [0, 1, 2, 3].map((f) => ({
    blendshapes: blendshapes.slice(f * 52, (f + 1) * 52),
    pose: pose.slice(f * 6, (f + 1) * 6),
  }));
}

/** How far a head moves from one frame to the other: root mean square over coefficients, and the largest turn in rad. */
function moved(a: Motion, b: Motion): { readonly face: number; readonly turn: number } {
  const squares = a.blendshapes.reduce((sum, v, i) => sum + (v - b.blendshapes[i]!) ** 2, 0);
  return {
    face: Math.sqrt(squares / a.blendshapes.length),
    turn: Math.max(...[0, 1, 2].map((axis) => Math.abs(a.pose[axis]! - b.pose[axis]!))),
  };
}

describe.runIf(PACKS.includes(PACK))("speech that begins within a block", { timeout: 240_000 }, () => {
  it.each([0, 1, 2, 3])("joins what was shown before it: frame %i", async (f) => {
    await service.reset();
    const silence = new Float32Array(BLOCK);
    let block = 0;
    const listen = async (blocks: number): Promise<Motion[]> => {
      const motion: Motion[] = [];
      for (let i = 0; i < blocks; i++, block++) motion.push(...(await step(silence)));
      return motion;
    };
    const [seams, steps]: [ReturnType<typeof moved>[], ReturnType<typeof moved>[]] = [[], []];
    for (let place = 0; place < PLACES; place++) {
      const shown = (await listen(LISTENED)).slice(-5); // to the last block but one, and its last frame before
      const begins = block - 1;
      await listen(1); // one block more than is on screen
      const start = 4 * begins + f;
      await service.rewind({ blocks: 2, pcm: audio(begins - 1, start) });
      const again: Motion[] = [];
      for (let i = begins; i < begins + SPOKEN; i++) again.push(...(await step(audio(i, start))));
      seams.push(moved(shown[f]!, again[f]!)); // shown[0] is the frame before the block
      for (let i = f + 1; i < again.length; i++) steps.push(moved(again[i - 1]!, again[i]!));
    }
    const sorted = (key: "face" | "turn", of: typeof steps) => of.map((move) => move[key]).sort((a, b) => a - b);
    for (const key of ["face", "turn"] as const) {
      const [seam, speaking] = [sorted(key, seams), sorted(key, steps)];
      const at = (share: number) => speaking[Math.floor(share * (speaking.length - 1))]!;
      const text = `${seam.map((v) => v.toFixed(3)).join(" ")}; speaking p50 ${at(0.5).toFixed(3)}, p95 ${at(0.95).toFixed(3)}`;
      console.log(`frame ${f}, ${key}: ${text}, most ${at(1).toFixed(3)}`);
      // No seam moves further than frames of speech do; one on which a blink begins may be a little quicker than the quickest of those.
      expect(seam.at(-1), key).toBeLessThanOrEqual(1.1 * at(1));
    }
  });
});
