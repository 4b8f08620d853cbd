import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { barChart } from "./bar-chart.js";
import { liveLines } from "../live/live-page.js";
import type { LiveResults } from "../live/main.js";
import type { PeersReport } from "./main.js";
import { CONTRASTS, type LipFigures } from "./score.js";

type BenchFile = {
  readonly date: string;
  readonly version: string;
  readonly commit?: string;
  readonly machine: { cpu: string; cores: number; memoryGb: number; node: string; platform: string };
  readonly pack: { name: string; version: string; hash: string };
  readonly results: readonly ({ backend: string } & Record<string, unknown>)[];
};

/** Writes docs/benchmarks.md and its plots from bench/results. */
export function writePage(root: string): void {
  for (const [path, text] of Object.entries(pageFiles(root))) writeFileSync(join(root, path), text);
}

/** The page and its plots, by their paths: of what lies in bench/results, and nothing typed by hand. */
export function pageFiles(root: string): Readonly<Record<string, string>> {
  const result = (name: string) => JSON.parse(readFileSync(join(root, "bench/results", name), "utf8")) as unknown;
  const peers = result("peers.json") as PeersReport;
  const names = peers.systems.map(({ name }) => name);
  const kinds = (["synthesised", "recorded"] as const).filter((kind) => peers.sets[kind] !== undefined);
  const lips = kinds.map((kind) => [
    `docs/images/benchmarks-lips-${kind}.svg`,
    barChart({
      title: `Lips by phone class, ${kind} speech: area under the ROC curve (0.5 is chance)`,
      groups: CONTRASTS.map(({ title }) => title.split(":")[0]!),
      series: peers.systems.map((system) => ({
        name: system.name,
        values: CONTRASTS.map(({ name }) => system[kind]!.auc[name] ?? null),
      })),
      from: 0.4,
      to: 1,
      line: 0.5,
    }),
  ]);
  const cpu = barChart({
    title: "CPU milliseconds for a second of sound (lips and motion only; logarithmic)",
    groups: ["CPU ms per second of sound"],
    series: peers.systems.map(({ name, cpuSPerSecond }) => ({ name, values: [cpuSPerSecond * 1_000] })),
    from: 1,
    to: 1_000,
    logarithmic: true,
  });
  const live = liveLines(result("live.json") as LiveResults);
  return {
    ...Object.fromEntries(lips),
    "docs/images/benchmarks-cpu.svg": cpu,
    "docs/benchmarks.md": pageText(peers, kinds, names, speedFiles(root), live),
  };
}

function pageText(
  peers: PeersReport,
  kinds: readonly ("synthesised" | "recorded")[],
  names: readonly string[],
  speed: readonly BenchFile[],
  live: readonly string[],
): string {
  const { machine, sets } = peers;
  const lines = [
    "# Benchmarks",
    "",
    "<!-- Made by `node bench/peers/run.mjs` and `node bench/live/run.mjs` from bench/results. Do not edit: run one again (--page-only: the page alone). -->",
    "",
    "## Lips and CPU beside other libraries",
    "",
    `All libraries on the same sound in the same run: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node} on ${machine.platform}, ${peers.date.slice(0, 10)}, commit ${peers.commit ?? "unknown"}, pack ${peers.pack.name} (${peers.pack.hash.slice(0, 12)}).`,
    "",
    "    node bench/peers/run.mjs --speech build/speech --recorded FOLDER --phones build/ljspeech-phones.json",
    "",
    table(
      ["library", "version", "licence", "CPU ms per second of sound", "how it was driven"],
      peers.systems.map(({ name, version, licence, cpuSPerSecond, how }) => [name, version, licence, (cpuSPerSecond * 1_000).toFixed(1), how]),
    ),
    "",
    `CPU is process time of all threads, loading left out, on a machine that may have had other work. The libraries give mouths only. echo-head gives the motion of the whole head in the row above, and with listening and 256 x 256 pixels it takes ${(peers.wholeHeadCpuSPerSecond * 1_000).toFixed(0)} CPU ms for a second.`,
    "",
    "![CPU](images/benchmarks-cpu.svg)",
    "",
  ];
  for (const kind of kinds) {
    const set = sets[kind]!;
    const spoken = `${set.clips} clips, ${set.seconds.toFixed(0)} s`;
    lines.push(
      `### ${kind === "synthesised" ? "Synthesised speech with exact phones" : "Recorded speech"}`,
      "",
      kind === "synthesised"
        ? `${spoken}, voices ${set.voices.join(" and ")}, none of them in any training of ours (set ${set.fingerprint}). The phones are the synthesiser's own, those of the natural voices (kokoro) by forced alignment. The training of echo-head used other voices of the same kind and the mouth rules that the truth here is made of, so its correlation with that truth is at home; the contrasts below need no truth but the phones.`
        : `${spoken} of LJSpeech (public domain, one woman, set ${set.fingerprint}), phones by forced alignment with PocketSphinx, good to about 20 ms. No training of ours met a recorded voice. With some dozens of phones a contrast, differences under 0.1 mean little.`,
      "",
      "Area under the ROC curve: how well one quantity of the mouth tells two groups of phones apart. 0.5 is chance, 1 is perfect, and the scale of a library does not matter. Each library is shifted in time by what suits it best on the synthesised set, so that a late mouth is not punished here; the shift is in the last table.",
      "",
      lipTable(peers, kind, names),
      "",
      `![Lips, ${kind}](images/benchmarks-lips-${kind}.svg)`,
      "",
    );
  }
  lines.push(
    "### Delay and agreement with the truth",
    "",
    table(
      ["library", "mouth later than the truth, ms", "r of opening with the truth, shifted", "unshifted"],
      peers.systems.map(({ name, synthesised: { lagMs, openingR, openingRUnshifted } }) => [name, String(lagMs), figure(openingR), figure(openingRUnshifted)]),
    ),
    "",
    "A shift at the end of its range (400 ms) means that no shift fits. echo-head hears the avatar's speech some frames ahead, as anybody does who plays sound through it; the libraries of the page only hear what is being played.",
    "",
    "### What this does not say",
    "",
    "- HeadAudio and wLipSync run their own worklet and node files, wawa-lipsync its own class; audio graph, clock and AnalyserNode are stand-ins after the specification (`bench/peers/worklet-host.ts`, `analyser.ts`), so that every library gets each sample at its time and none depends on how busy the machine is.",
    "- The libraries name visemes or vowels. Each is drawn with the mouth of its phones from the table that our own truth is made of (`bench/peers/tracks.ts`), which can only help them. Classes that a library does not have (lip on teeth in wLipSync) stay at chance.",
    "- HeadAudio 0.1.0's node never shows its viseme 0, `aa`: it takes the number 0 for no viseme (`if (viseme)` in its `_onmessage`). It was measured as it is published.",
    "- wLipSync brings no profile; ours was calibrated on training voices with uLipSync's default settings. A profile for the very speaker would do better.",
    "- All three were made for live microphones or any synthesiser, in a few milliseconds and kilobytes. What they cannot do (listening, pixels, brows, blinks, head) is not in the table.",
    "",
  );
  lines.push(...live);
  lines.push("## Speed of the whole head", "", "    npm run build && node dist/cli.js bench --json > bench/results/DATE-MACHINE.json", "");
  for (const file of speed) lines.push(...speedLines(file));
  return `${lines.join("\n").trimEnd()}\n`;
}

function lipTable(peers: PeersReport, kind: "synthesised" | "recorded", names: readonly string[]): string {
  const all: (readonly [string, LipFigures])[] = [
    ...peers.systems.map((system) => [system.name, system[kind]!] as const),
    ...(kind === "synthesised" ? [["truth", peers.truth] as const] : []),
  ];
  const best = (pick: (figures: LipFigures) => number) => Math.max(...all.slice(0, names.length).map(([, f]) => pick(f)));
  const measured = (f: LipFigures) => Object.values(f.auc).filter((value) => value !== null) as number[];
  const row = (title: string, pick: (figures: LipFigures) => number, bold: boolean) => [
    title,
    ...all.map(([, f], i) => (bold && i < names.length && pick(f) === best(pick) ? `**${figure(pick(f))}**` : figure(pick(f)))),
  ];
  return table(
    ["", ...all.map(([name]) => name)],
    [
      ...CONTRASTS.map(({ name, title }) => row(`${title} (${all[0]![1].phones[name]} phones)`, (f) => f.auc[name] ?? Number.NaN, true)),
      row("mean", (f) => measured(f).reduce((sum, value) => sum + value, 0) / measured(f).length, true),
      row("opening under 0.06 somewhere in p b m", (f) => f.shutShare, false),
      row("the same in open vowels (should be low)", (f) => f.shutInOpenVowels, false),
    ],
  );
}

function speedFiles(root: string): BenchFile[] {
  const folder = join(root, "bench/results");
  return readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.json$/.test(name))
    .sort()
    .reverse()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as BenchFile)
    .filter(({ results }) => results.some((result) => typeof result.realTimeFactor === "number")); // other parts of bench have other forms
}

function speedLines({ date, commit, machine, pack, results }: BenchFile): string[] {
  const told = results.filter((result) => "unavailable" in result || typeof result.realTimeFactor === "number");
  const rows = told.map((result) => {
    if (typeof result.unavailable === "string") return [result.backend, "-", "-", "-", result.unavailable];
    const block = result.blockMs as { p50: number; p95: number };
    return [
      result.backend,
      (result.realTimeFactor as number).toFixed(2),
      block.p50.toFixed(1),
      block.p95.toFixed(1),
      `first frame after ${(result.firstFrameMs as number).toFixed(0)} ms`,
    ];
  });
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node} on ${machine.platform}, ${date.slice(0, 10)}, commit ${commit ?? "unknown"}, pack ${pack.name} ${pack.version} (${pack.hash.slice(0, 12)}):`,
    "",
    table(["backend", "x real time", "block p50, ms", "block p95, ms of 160", ""], rows),
    "",
  ];
}

function figure(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "-" : value.toFixed(2);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
