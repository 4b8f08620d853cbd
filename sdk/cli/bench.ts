import { EchoError } from "../base/errors.js";
import { loadPack } from "../pack/load-pack.js";
import type { Pack } from "../pack/pack.js";
import type { BackendName } from "../protocol/backend.js";
import type { RenderSummary } from "../render/types.js";
import { type FirstFrame, measureFirstFrame, showFirstFrame } from "./bench/first-frame.js";
import { type GraphShare, measureGraphShare } from "./bench/graph-share.js";
import { measurePeak, type Peak } from "./bench/peak.js";
import { type Cycles, measureCycles, measureSteadiness, type Steadiness } from "./bench/steadiness.js";
import { type Command, textOf, wholeNumberOf } from "./command.js";
import { EXIT, UsageError } from "./exit-codes.js";
import { describeMachine, type Machine, mayHaveGpu, ownCommit, ownPackage } from "./machine.js";
import { Progress } from "./progress.js";
import type { RenderFrames } from "./renderer.js";
import { inChunks, syntheticVoice } from "./synthetic-input.js";

const BACKENDS = ["cpu", "wasm", "webgpu", "cuda"] as const satisfies readonly BackendName[];
const WITHOUT_GPU = ["cpu", "wasm"] as const satisfies readonly BackendName[];
/** 40 blocks are 6.4 s: more than six entries of history, and long enough for percentiles. */
const DEFAULT_BLOCKS = 40;

const DEFAULT_MINUTES = 60;
const DEFAULT_CYCLES = 50;

/** What may be measured; "warm-up" is what a cold start runs. */
const PARTS = ["render", "graphs", "first-frame", "steady", "cycles"] as const;
type Part = (typeof PARTS)[number];

/** What is measured beside the render, part by part. */
type Measures = {
  readonly graphs?: GraphShare & { readonly peak: Peak };
  readonly firstFrame?: FirstFrame;
  readonly steady?: Steadiness;
  readonly cycles?: Cycles;
};

type BackendResult = { readonly backend: string } & (
  | (Partial<Omit<RenderSummary, "backend" | "packHash">> & Measures & { readonly blocks: number })
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
    summary: "Measures speed, first frame, steadiness and what is left behind, on each backend.",
    options: {
      pack: { value: "<name|dir>", help: "the model pack; default echo-nano" },
      avatar: { value: "<id>", help: "who is rendered; default: the pack's first choice" },
      backend: { value: "<name>", choices: BACKENDS, help: "only this backend; default: each that runs here" },
      blocks: { value: "<n>", help: `blocks to render; default ${DEFAULT_BLOCKS}` },
      parts: { value: "<names>", help: `what to measure, with commas; default: ${PARTS.join(",")}` },
      minutes: { value: "<n>", help: `length of the conversation for "steady"; default ${DEFAULT_MINUTES}` },
      cycles: { value: "<n>", help: `agents that come and go for "cycles"; default ${DEFAULT_CYCLES}` },
      progress: { help: "tell the progress on stderr also where it is no terminal" },
      json: { help: "print the report as JSON" },
    },
    notes: ["Compare figures of one machine only. The real-time factor is 1 when a second of video takes a second."],
    run: async (values, _, io) => {
      const blocks = wholeNumberOf(values, "blocks", 2) ?? DEFAULT_BLOCKS;
      const minutes = wholeNumberOf(values, "minutes", 1) ?? DEFAULT_MINUTES;
      const cycles = wholeNumberOf(values, "cycles", 1) ?? DEFAULT_CYCLES;
      const asked = textOf(values, "backend") as BackendName | undefined;
      const pack = await loadPack(textOf(values, "pack") ?? "echo-nano", { signal: io.signal });
      const avatar = pack.avatar(textOf(values, "avatar")).id;
      if (values.parts === "warm-up") {
        await showFirstFrame({ pack, avatar, backend: asked ?? "auto" });
        return EXIT.ok;
      }
      const parts = partsOf(textOf(values, "parts"));
      const machine = describeMachine(); // its load before this adds to it
      const progress = new Progress({ io, forced: values.progress === true });
      const results: BackendResult[] = [];
      for (const backend of asked === undefined ? (mayHaveGpu() ? BACKENDS : WITHOUT_GPU) : [asked]) {
        const tell = (text: string) => progress.show(() => `${backend}: ${text}`);
        const task = { pack, avatar, backend, blocks, minutes, cycles, parts, frames, tell, signal: io.signal };
        try {
          results.push(await benchBackend(task));
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
        machine,
        pack: { name, version, hash: pack.hash, avatar },
        blockMsAvailable: (1000 * clock.blockFrames) / clock.fps,
        results,
      };
      io.out(values.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
      return EXIT.ok;
    },
  };
}

/** The parts that are asked for. @throws UsageError */
function partsOf(text: string | undefined): ReadonlySet<Part> {
  const names = text?.split(",") ?? PARTS;
  const unknown = names.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`--parts must be of ${PARTS.join(", ")}, not "${unknown}"`);
  return new Set(names as Part[]);
}

type BenchTask = {
  readonly pack: Pack;
  readonly avatar: string;
  readonly backend: BackendName;
  readonly blocks: number;
  readonly minutes: number;
  readonly cycles: number;
  readonly parts: ReadonlySet<Part>;
  readonly frames: RenderFrames;
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
};

async function benchBackend(task: BenchTask): Promise<BackendResult> {
  const { pack, backend, blocks, minutes, cycles, parts, tell } = task;
  const rendered = parts.has("render") ? await benchRender(task) : { backend, blocks };
  if ("unavailable" in rendered) return rendered;
  const measures: { -readonly [Key in keyof Measures]: Measures[Key] } = {};
  if (parts.has("graphs")) {
    tell("the peak of the machine, and the share of the graphs");
    measures.graphs = { ...(await measureGraphShare(task)), peak: await measurePeak(backend) };
  }
  if (parts.has("first-frame")) {
    tell("first frames");
    measures.firstFrame = await measureFirstFrame(task);
  }
  if (parts.has("steady")) {
    const onBlock = (block: number, all: number) => tell(`block ${block} of ${all} (${minutes} minutes)`);
    measures.steady = await measureSteadiness({ ...task, onBlock });
  }
  if (parts.has("cycles")) {
    const onCycle = (cycle: number) => tell(`agent ${cycle + 1} of ${cycles}`);
    measures.cycles = await measureCycles({ ...task, pack, onCycle });
  }
  return { ...rendered, ...measures };
}

async function benchRender(task: BenchTask): Promise<BackendResult> {
  const { pack, avatar, backend, blocks, frames, tell, signal } = task;
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
      tell(`frame ${next.value.index + 1} of ${frameCount}`);
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
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node} on ${machine.platform}, load ${machine.load}`,
    `echo-head ${report.version}${commit === undefined ? "" : ` at ${commit}`}, pack ${pack.name} ${pack.version} (${pack.hash.slice(0, 12)}), avatar ${pack.avatar}`,
    "",
  ];
  for (const result of results) {
    if ("unavailable" in result) lines.push(`${result.backend}: not here (${result.unavailable})`, "");
    else lines.push(...renderLines(result, blockMsAvailable), ...measureLines(result, blockMsAvailable), "");
  }
  return lines.join("\n");
}

type Measured = Exclude<BackendResult, { unavailable: string }>;

const row = (name: string, { p50, p95 }: { p50: number; p95: number }, more = ""): string =>
  `  ${name.padEnd(22)}${p50.toFixed(2).padStart(9)}${p95.toFixed(2).padStart(9)}${more}`;

function renderLines(result: Measured, blockMsAvailable: number): string[] {
  const { backend, realTimeFactor, firstFrameMs, blocks, stages, blockMs } = result;
  if (realTimeFactor === undefined || stages === undefined || blockMs === undefined) return [`${backend}:`];
  return [
    `${backend}: ${realTimeFactor.toFixed(2)} x real time, first frame after ${firstFrameMs!.toFixed(0)} ms, ${blocks} blocks`,
    `  ${"ms a block".padEnd(22)}${"p50".padStart(9)}${"p95".padStart(9)}`,
    ...Object.entries(stages).map(([name, times]) => row(name, times)),
    `${row("whole block", blockMs)}   of ${blockMsAvailable} ms that a block lasts`,
  ];
}

function measureLines(result: Measured, blockMsAvailable: number): string[] {
  const { graphs, realTimeFactor, firstFrame, steady, cycles } = result;
  const lines: string[] = [];
  const percent = (from: number, to: number): string => `${(100 * (to / from - 1)).toFixed(1)} %`;
  if (graphs) {
    const best = Math.max(graphs.peak.matrixProduct, graphs.peak.convolution);
    lines.push(
      `${"  one stage after another".padEnd(24)}${"p50".padStart(9)}${"p95".padStart(9)}   GFLOP/s`,
      ...Object.entries(graphs.stages).map(([name, stage]) =>
        row(name, stage, stage.gflop > 0 ? stage.gflopPerSecond.toFixed(1).padStart(10) : ""),
      ),
      row("whole block", graphs.blockMs, graphs.gflopPerSecond.toFixed(1).padStart(10)),
      `  outside the graphs: ${(100 * graphs.outsideGraphs).toFixed(1)} % of the time (target: at most 10 %)`,
      `  peak of the machine: ${graphs.peak.matrixProduct.toFixed(0)} GFLOP/s matrix product, ${graphs.peak.convolution.toFixed(0)} convolution; one stage after another reaches ${((100 * graphs.gflopPerSecond) / best).toFixed(0)} % of it`,
    );
    // The peak of WASM in Node is that of one thread, the model has several.
    if (realTimeFactor !== undefined && result.backend !== "wasm") {
      const reached = (1_000 * graphs.gflop * realTimeFactor) / blockMsAvailable;
      lines.push(
        `  the model in its threads, by its real-time factor: ${reached.toFixed(0)} GFLOP/s, ${((100 * reached) / best).toFixed(0)} % of the peak (target: half)`,
      );
    }
  }
  if (firstFrame) {
    const { coldMs, warmMs, midListeningMs } = firstFrame;
    const cold = coldMs === undefined ? "" : `${coldMs.toFixed(0)} ms from a new process, `;
    lines.push(
      `  first frame: ${cold}${warmMs.toFixed(0)} ms from create()`,
      `  first frame of speech while listening: p50 ${midListeningMs.p50.toFixed(0)}, p95 ${midListeningMs.p95.toFixed(0)} ms (target: ${blockMsAvailable + 100})`,
    );
  }
  if (steady)
    lines.push(
      `  LCU step, in turns: ${steady.lcuEarlyMs.toFixed(2)} ms after 10 s, ${steady.lcuLateMs.toFixed(2)} ms after ${steady.minutes} min (${percent(steady.lcuEarlyMs, steady.lcuLateMs)}; target: within 5 %)`,
      `  memory: ${steady.earlyMb} MB after a minute, ${steady.lateMb} MB after ${steady.minutes} min (${percent(steady.earlyMb, steady.lateMb)}; target: within 5 %); in the second half ${percent(steady.middleMb, steady.lateMb)}`,
    );
  if (cycles)
    lines.push(
      `  ${cycles.cycles} agents came and went: ${cycles.earlyMb} MB after the first few, ${cycles.lateMb} MB after the last (${percent(cycles.earlyMb, cycles.lateMb)}; in the second half ${percent(cycles.middleMb, cycles.lateMb)}); threads, ports and timers ${cycles.handlesBefore} before, ${cycles.handlesAfter} after`,
    );
  return lines;
}
