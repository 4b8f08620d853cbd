import { createStageHost } from "../../sdk/agent/services/stage-host.js";
import { PercentileCounter } from "../../sdk/base/percentiles.js";
import { describeMachine, ownCommit } from "../../sdk/cli/machine.js";
import { loadPack } from "../../sdk/pack/load-pack.js";
import type { BackendName } from "../../sdk/protocol/backend.js";
import { RendererService } from "../../sdk/remote/server/renderer-service.js";

type Options = Readonly<Record<"pack" | "ep" | "blocks", string>> & { sessions?: string; threads?: string };

/** Blocks that are not counted: the first runs of a graph are slow. */
const WARM_UP = 1;

/**
 * Heads that want their next block as soon as they have the last one: how many blocks a second all of them get, and how long each waits.
 * Once in batches and once one by one.
 */
export async function run(options: Options) {
  const pack = await loadPack(options.pack);
  const { fps, blockFrames } = pack.manifest.clock;
  const blocks = Number(options.blocks);
  const counts = (options.sessions ?? "1,2,4,8").split(",").map(Number);
  const results = [];
  for (const heads of counts)
    for (const batched of heads === 1 ? [false] : [true, false]) {
      const service = new RendererService(createStageHost());
      const { backend } = await service.load({
        pack: pack.source,
        backend: options.ep as BackendName,
        maxBatch: batched ? heads : 1,
        assets: options.threads === undefined ? undefined : { threads: Number(options.threads) },
      });
      const waits = new PercentileCounter();
      const ids = Array.from({ length: heads }, (_, i) => `head-${i}`);
      for (const [seed, id] of ids.entries()) await service.open(id, { avatar: pack.manifest.defaultAvatar, seed });
      const drive = async (id: string, count: number, counter?: PercentileCounter) => {
        for (let block = 0; block < count; block++) {
          const startMs = performance.now();
          await service.step(id, stepInput(block));
          counter?.add(performance.now() - startMs);
        }
      };
      await Promise.all(ids.map((id) => drive(id, WARM_UP)));
      await service.takeBatches();
      const startMs = performance.now();
      const cpu = process.cpuUsage();
      await Promise.all(ids.map((id) => drive(id, blocks, waits)));
      const { user, system } = process.cpuUsage(cpu);
      const seconds = (performance.now() - startMs) / 1_000;
      const { graphs } = await service.takeBatches();
      const blocksPerS = (heads * blocks) / seconds;
      results.push({
        heads,
        batched,
        backend,
        /** Processor time of one block of one head: what other programs do does not change it, so it is what to compare. */
        cpuMsPerBlock: round((user + system) / 1_000 / (heads * blocks)),
        blocksPerS: round(blocksPerS),
        /** Heads that this would serve in real time. */
        realTimeHeads: round(blocksPerS / (fps / blockFrames)),
        blockMs: waits.percentiles(),
        headsPerRun: round(graphs.generator!.heads / graphs.generator!.runs),
        msPerHead: Object.fromEntries(
          Object.entries(graphs).map(([graph, { heads: all, ms }]) => [graph, round(ms / (all / perBlock(graph, pack)))]),
        ),
      });
      await service.dispose();
      process.stderr.write(`${JSON.stringify(results.at(-1))}\n`);
    }
  const { name, version } = pack.manifest;
  return {
    date: new Date().toISOString(),
    commit: ownCommit(),
    machine: describeMachine(),
    load: (await import("node:os")).loadavg().map(round),
    pack: { name, version, hash: pack.hash },
    blocks,
    results,
  };
}

/** Runs of a graph in one block: the generator runs once for each step of the sampler and once to keep its states. */
function perBlock(graph: string, pack: Awaited<ReturnType<typeof loadPack>>): number {
  return graph === "generator" ? pack.manifest.sampler.times.length + 1 : 1;
}

function stepInput(block: number) {
  return {
    pcm: Float32Array.from({ length: 2_560 }, (_, n) => 0.3 * Math.sin((n + 2_560 * block) * 0.03)),
    fPu: new Float32Array(1_536),
    emotion: new Float32Array(1_024),
    sdcm: true,
    lau: true,
    expressivity: 1,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
