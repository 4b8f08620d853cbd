import { GeneratorService } from "../../agent/services/generator-service.js";
import { LcuService } from "../../agent/services/lcu-service.js";
import { createStageHost, type StageHost } from "../../agent/services/stage-host.js";
import type { Percentiles } from "../../base/percentiles.js";
import { PercentileCounter } from "../../base/percentiles.js";
import type { Pack } from "../../pack/pack.js";
import type { PackManifest } from "../../pack/types.js";
import type { BackendName } from "../../protocol/backend.js";
import type { GeneratorWorkerApi } from "../../protocol/generator-worker.js";
import type { LcuWorkerApi } from "../../protocol/lcu-worker.js";
import type { Runtime } from "../../runtime/session.js";

/** What one stage does in a block, on its own. */
export type StageSpeed = Percentiles & {
  readonly gflop: number;
  /** By the median. */
  readonly gflopPerSecond: number;
};

/** How the time of a block is spent when nothing runs beside it. */
export type GraphShare = {
  readonly blockMs: Percentiles;
  /** Share of the time that is not spent inside graphs: copies, checks, sampling, TypeScript. 0..1 */
  readonly outsideGraphs: number;
  readonly stages: Readonly<Record<string, StageSpeed>>;
  /** All stages of a block together. */
  readonly gflop: number;
  readonly gflopPerSecond: number;
};

const WARM_BLOCKS = 4;

/** Both halves of the model in this thread, one after the other, so that each stage's time is its own. */
export async function openHalves(pack: Pack, avatar: string, backend: BackendName) {
  const runtimes: Runtime[] = [];
  const host: StageHost = {
    openPack: async () => pack,
    openRuntime: async (options) => {
      const runtime = await createStageHost().openRuntime(options);
      runtimes.push(runtime);
      return runtime;
    },
  };
  const lcu = new LcuService(host);
  const generator = new GeneratorService(host);
  await lcu.load({ pack: pack.source, backend, assets: { threads: 1 } });
  await generator.load({ pack: pack.source, avatar, backend, seed: 1 });
  const emotion = await lcu.setAffect("warm, happy");
  return {
    /** Milliseconds spent inside graphs so far. */
    graphMs: () => runtimes.reduce((sum, runtime) => sum + (runtime.graphMs ?? 0), 0),
    ...converse({ lcu, generator, emotion, clock: pack.manifest.clock }),
    dispose: async () => {
      await lcu.dispose();
      await generator.dispose();
    },
  };
}

/** A made-up talk, block after block: the user hums and is seen, the avatar hums lower. */
export function converse(task: {
  lcu: LcuWorkerApi;
  generator: GeneratorWorkerApi;
  emotion: Float32Array;
  clock: PackManifest["clock"];
}) {
  const { lcu, generator, emotion, clock } = task;
  const { blockFrames } = clock;
  const [user, own] = [hum(clock, 214), hum(clock, 122)];
  return {
    listen: (block: number) =>
      lcu.step({
        pcm: user(block),
        face: new Float32Array(blockFrames * 58).fill(0.2),
        presence: new Float32Array(blockFrames).fill(1),
        lpe: true,
        hbcu: true,
      }),
    speak: (block: number, fPu: Float32Array, pictures?: number) =>
      generator.step({
        pcm: own(block),
        fPu,
        emotion: emotion.slice(),
        sdcm: true,
        lau: true,
        expressivity: 1,
        pictures,
      }),
  };
}

/** Blocks after which a hum begins again: four seconds, which hold a whole number of its waves. */
const HUM_BLOCKS = 25;

/** Blocks of a hum, made beforehand: the sine of a number that grows for an hour takes longer and longer, and it is not what is timed. */
function hum(
  { fps, blockFrames, samplesPerFrame }: PackManifest["clock"],
  hz: number,
): (block: number) => Float32Array {
  const samples = blockFrames * samplesPerFrame;
  const wave = (2 * Math.PI * hz) / (fps * samplesPerFrame);
  const loop = Float32Array.from({ length: HUM_BLOCKS * samples }, (_, n) => 0.2 * Math.sin(n * wave));
  return (block) => {
    const start = (block % HUM_BLOCKS) * samples;
    return loop.slice(start, start + samples);
  };
}

/** Runs so many blocks and tells where the time goes. */
export async function measureGraphShare(task: {
  pack: Pack;
  avatar: string;
  backend: BackendName;
  blocks: number;
  signal: AbortSignal;
}): Promise<GraphShare> {
  const { pack, avatar, backend, blocks, signal } = task;
  const halves = await openHalves(pack, avatar, backend);
  try {
    const blockMs = new PercentileCounter();
    const stages = new Map<string, PercentileCounter>();
    let [total, inside] = [0, 0];
    for (let block = 0; block < WARM_BLOCKS + blocks; block++) {
      signal.throwIfAborted();
      const [startMs, startGraphMs] = [performance.now(), halves.graphMs()];
      const { fPu, stageMs } = await halves.listen(block);
      const output = await halves.speak(block, fPu);
      if (block < WARM_BLOCKS) continue;
      const tookMs = performance.now() - startMs;
      blockMs.add(tookMs);
      total += tookMs;
      inside += halves.graphMs() - startGraphMs;
      for (const [stage, ms] of Object.entries({ ...stageMs, ...output.stageMs })) {
        const counter = stages.get(stage) ?? new PercentileCounter();
        stages.set(stage, counter);
        counter.add(ms);
      }
    }
    const work = gflopOfStages(pack, avatar);
    const speeds = Object.fromEntries(
      [...stages].map(([stage, counter]) => {
        const times = counter.percentiles();
        const gflop = work[stage] ?? 0;
        return [stage, { ...times, gflop, gflopPerSecond: (1_000 * gflop) / times.p50 }];
      }),
    );
    const gflop = Object.keys(speeds).reduce((sum, stage) => sum + (stage === "phi" ? 0 : (work[stage] ?? 0)), 0);
    const times = blockMs.percentiles();
    return {
      blockMs: times,
      outsideGraphs: Math.max(0, 1 - inside / total),
      stages: speeds,
      gflop,
      gflopPerSecond: (1_000 * gflop) / times.p50,
    };
  } finally {
    await halves.dispose();
  }
}

/** Operations of a stage in one block, in 1e9, by the pack's own count. */
function gflopOfStages(pack: Pack, avatar: string): Readonly<Record<string, number>> {
  const { behaviour, sampler, clock } = pack.manifest;
  const { decoders } = pack.avatar(avatar);
  const of = (stage: keyof typeof behaviour): number => behaviour[stage].gflopPerRun ?? 0;
  return {
    ...Object.fromEntries(Object.keys(behaviour).map((stage) => [stage, of(stage as keyof typeof behaviour)])),
    "avatar-audio-encoder": of("audio-encoder"),
    generator: of("generator") * (sampler.times.length + 1), // each step, and one run on the finished block
    decoder: (decoders.full!.gflopPerFrame ?? 0) * clock.blockFrames,
  };
}
