import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { SpokenClip } from "./corpus.js";
import { blendVisemes, type LipSystem, type MouthShape, PAGE_FPS } from "./tracks.js";
import { type HostedNode, installWorkletHost, PAGE_RATE_HZ, playThrough } from "./worklet-host.js";

type Profile = {
  targetSampleRate: number;
  sampleCount: number;
  melFilterBankChannels: number;
  compareMethod: 0 | 1 | 2;
  mfccNum: number;
  mfccDataCount: number;
  useStandardization: boolean;
  mfccs: { name: string; mfccCalibrationDataList: { array: number[] }[] }[];
};
type Node = HostedNode & { weights: Record<string, number>; volume: number };
type Wasm = {
  memory: WebAssembly.Memory;
  exports: Record<string, (...values: number[]) => number> & { mfccOut: WebAssembly.Global };
};

/** The sounds that uLipSync's manual has one calibrate, and the phones that stand for them. */
const SOUNDS: Readonly<Record<string, { phones: readonly string[]; viseme: string }>> = {
  A: { phones: ["aa", "ae", "ah"], viseme: "aa" },
  I: { phones: ["iy", "ih"], viseme: "I" },
  U: { phones: ["uw", "uh"], viseme: "U" },
  E: { phones: ["eh", "ey"], viseme: "E" },
  O: { phones: ["ao", "ow"], viseme: "O" },
  N: { phones: ["n", "m", "ng"], viseme: "nn" },
  S: { phones: ["s", "z", "sh", "ch"], viseme: "SS" },
};
const EXAMPLES = 48;

/**
 * wLipSync (uLipSync in WASM). The package has no profile and says to calibrate one, so one is calibrated on the training voices of our corpus: the first
 * 48 examples of each sound, MFCCs by its own WASM, and uLipSync's default settings.
 */
export async function createWLipSync(training: readonly SpokenClip[]): Promise<LipSystem> {
  installWorkletHost();
  const root = dirname(dirname(createRequire(import.meta.url).resolve("wlipsync")));
  const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const wasmModule = await WebAssembly.compile(readFileSync(join(root, "dist/wlipsync.wasm")));
  const profile = await calibrate(wasmModule, training);
  await import(/* @vite-ignore */ join(root, "dist/audio-processor.js"));
  const { WLipSyncAudioNode } = await import(/* @vite-ignore */ join(root, "dist/wlipsync.js"));
  return {
    name: "wLipSync",
    version,
    licence: license,
    how: `its worklet and node unchanged at 48 kHz, a profile of ${Object.keys(SOUNDS).join(" ")} calibrated on our training voices, weights times volume`,
    async run({ pcm48 }) {
      const node = new WLipSyncAudioNode({ currentTime: 0 }, profile, wasmModule) as Node;
      await new Promise((resolve) => setTimeout(resolve, 5)); // it instantiates its WASM without telling when
      const timesS: number[] = [];
      const shapes: MouthShape[] = [];
      playThrough(node, pcm48, PAGE_FPS, (timeS) => {
        timesS.push(timeS);
        shapes.push(
          blendVisemes(Object.entries(node.weights).map(([name, w]) => [SOUNDS[name]!.viseme, w * node.volume] as const)),
        );
      });
      return { timesS, shapes };
    },
    async dispose() {},
  };
}

async function calibrate(wasmModule: WebAssembly.Module, clips: readonly SpokenClip[]): Promise<Profile> {
  const profile: Profile = {
    targetSampleRate: 16_000,
    sampleCount: 1_024,
    melFilterBankChannels: 30,
    compareMethod: 1,
    mfccNum: 12,
    mfccDataCount: EXAMPLES,
    useStandardization: false,
    mfccs: [],
  };
  const memory = new WebAssembly.Memory({ initial: 4 });
  const { exports } = await WebAssembly.instantiate(wasmModule, { env: { memory } });
  const wasm = { memory, exports } as unknown as Wasm;
  wasm.exports.load_profile!(16_000, 1_024, 30, 1, 1, 1, 0);
  wasm.exports.precompute_profile!();
  wasm.exports.set_input!(PAGE_RATE_HZ);
  const size = wasm.exports.get_input_buffer_size!();
  const pointer = wasm.exports.get_input_buffer!();
  for (const [name, { phones }] of Object.entries(SOUNDS)) {
    const mfccCalibrationDataList: { array: number[] }[] = [];
    for (const clip of clips) {
      if (mfccCalibrationDataList.length >= EXAMPLES) break;
      for (const [phone, startS, endS] of clip.phones) {
        if (!phones.includes(phone) || endS - startS < 0.06) continue;
        const end = Math.round((startS + endS) * 0.5 * PAGE_RATE_HZ + size / 2);
        const input = new Float32Array(wasm.memory.buffer, pointer, size);
        for (let i = 0; i < size; i++) input[i] = clip.pcm48[end - size + i] ?? 0;
        wasm.exports.execute!(0);
        const out = new Float32Array(wasm.memory.buffer, wasm.exports.mfccOut.value as number, 12);
        mfccCalibrationDataList.push({ array: Array.from(out) });
        break; // one example of a clip: many voices
      }
    }
    if (mfccCalibrationDataList.length < EXAMPLES)
      throw new Error(`the training voices hold ${mfccCalibrationDataList.length} examples of ${name}, ${EXAMPLES} are needed`);
    profile.mfccs.push({ name, mfccCalibrationDataList });
  }
  return profile;
}
