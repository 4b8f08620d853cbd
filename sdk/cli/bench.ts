import { EchoError } from "../base/errors.js";
import { loadPack } from "../pack/load-pack.js";
import type { Pack } from "../pack/pack.js";
import type { BackendName } from "../protocol/backend.js";
import type { RenderSummary } from "../render/types.js";
import { type Command, textOf, wholeNumberOf } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { describeMachine, type Machine, mayHaveGpu, ownCommit, ownPackage } from "./machine.js";
import { Progress } from "./progress.js";
import type { RenderFrames } from "./renderer.js";
import { inChunks, syntheticVoice } from "./synthetic-input.js";

const BACKENDS = ["cpu", "wasm", "webgpu", "cuda"] as const satisfies readonly BackendName[];
const WITHOUT_GPU = ["cpu", "wasm"] as const satisfies readonly BackendName[];
/** 40 blocks are 6.4 s: more than six entries of history, and long enough for percentiles. */
const DEFAULT_BLOCKS = 40;

type BackendResult = { readonly backend: string } & (
  | (Omit<RenderSummary, "backend" | "packHash"> & { readonly blocks: number })
  | { readonly unavailable: string }
);

/** What `echo-head bench --json` prints and bench/results holds. Times in ms; realTimeFactor = seconds rendered / seconds needed. */
type BenchReport = {
  readonly date: string;
  readonly version: string;
  readonly commit: string | undefined;
  readonly machine: Machine;
  readonly pack: { readonly name: string; readonly version: string; readonly hash: string; readonly avatar: string };
  readonly blockMsAvailable: number;
  readonly results: readonly BackendResult[];
};

/** `echo-head bench`. */
export function createBenchCommand(frames: RenderFrames): Command {
  return {
    name: "bench",
    summary: "Renders a built-in synthetic conversation on each backend and tells how long the stages take.",
    options: {
      pack: { value: "<name|dir>", help: "the model pack; default echo-nano" },
      avatar: { value: "<id>", help: "who is rendered; default: the pack's first choice" },
      backend: { value: "<name>", choices: BACKENDS, help: "only this backend; default: each that runs here" },
      blocks: { value: "<n>", help: `blocks to render; default ${DEFAULT_BLOCKS}` },
      progress: { help: "tell the progress on stderr also where it is no terminal" },
      json: { help: "print the report as JSON" },
    },
    notes: ["Compare figures of one machine only. The real-time factor is 1 when a second of video takes a second."],
    run: async (values, _, io) => {
      const blocks = wholeNumberOf(values, "blocks", 2) ?? DEFAULT_BLOCKS;
      const asked = textOf(values, "backend") as BackendName | undefined;
      const pack = await loadPack(textOf(values, "pack") ?? "echo-nano", { signal: io.signal });
      const avatar = pack.avatar(textOf(values, "avatar")).id;
      const progress = new Progress({ io, forced: values.progress === true });
      const results: BackendResult[] = [];
      for (const backend of asked === undefined ? (mayHaveGpu() ? BACKENDS : WITHOUT_GPU) : [asked]) {
        const onFrame = (frame: number) =>
          progress.show(() => `${backend}: frame ${frame} of ${blocks * pack.manifest.clock.blockFrames}`);
        try {
          results.push(await benchBackend({ pack, avatar, backend, blocks, frames, onFrame, signal: io.signal }));
        } catch (error) {
          if (asked !== undefined || !EchoError.is(error) || io.signal.aborted) throw error;
          results.push({ backend, unavailable: error.message });
        } finally {
          progress.clear();
        }
      }
      const { name, version, clock } = pack.manifest;
      const report: BenchReport = {
        date: new Date().toISOString(),
        version: ownPackage().version,
        commit: ownCommit(),
        machine: describeMachine(),
        pack: { name, version, hash: pack.hash, avatar },
        blockMsAvailable: (1000 * clock.blockFrames) / clock.fps,
        results,
      };
      io.out(values.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
      return EXIT.ok;
    },
  };
}

async function benchBackend(task: {
  pack: Pack;
  avatar: string;
  backend: BackendName;
  blocks: number;
  frames: RenderFrames;
  onFrame: (frame: number) => void;
  signal: AbortSignal;
}): Promise<BackendResult> {
  const { pack, avatar, backend, blocks, frames, onFrame, signal } = task;
  const { fps, blockFrames, sampleRateHz } = pack.manifest.clock;
  const frameCount = blocks * blockFrames;
  const seconds = frameCount / fps;
  const run = frames({
    pack,
    avatar,
    backend,
    avatarAudio: inChunks(syntheticVoice({ seconds, sampleRateHz })),
    userAudio: inChunks(syntheticVoice({ seconds, sampleRateHz, pitchHz: 210 })),
    frameCount,
    signal,
  });
  try {
    let next = await run.next();
    for (; next.done !== true; next = await run.next()) {
      onFrame(next.value.index + 1);
      next.value.close();
    }
    const { packHash: _, backend: chosen, ...summary } = next.value;
    return { ...summary, backend: chosen, blocks };
  } finally {
    await run.return(undefined as never).catch(() => undefined);
  }
}

function reportText(report: BenchReport): string {
  const { machine, pack, results, commit, blockMsAvailable } = report;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node} on ${machine.platform}`,
    `echo-head ${report.version}${commit === undefined ? "" : ` at ${commit}`}, pack ${pack.name} ${pack.version} (${pack.hash.slice(0, 12)}), avatar ${pack.avatar}`,
    "",
  ];
  for (const result of results) {
    if ("unavailable" in result) {
      lines.push(`${result.backend}: not here (${result.unavailable})`, "");
      continue;
    }
    const row = (name: string, { p50, p95 }: { p50: number; p95: number }) =>
      `  ${name.padEnd(18)}${p50.toFixed(2).padStart(9)}${p95.toFixed(2).padStart(9)}`;
    lines.push(
      `${result.backend}: ${result.realTimeFactor.toFixed(2)} x real time, first frame after ${result.firstFrameMs.toFixed(0)} ms, ${result.blocks} blocks`,
      `  ${"ms a block".padEnd(18)}${"p50".padStart(9)}${"p95".padStart(9)}`,
      ...Object.entries(result.stages).map(([name, times]) => row(name, times)),
      `${row("whole block", result.blockMs)}   of ${blockMsAvailable} ms that a block lasts`,
      "",
    );
  }
  return lines.join("\n");
}
