import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, ownCommit, ownPackage } from "../../sdk/cli/machine.js";
import { readRecorded, readSynthesised, type SpokenClip } from "./corpus.js";
import { createHeadAudio } from "./headaudio.js";
import { cpuOfWholeHead, createOurs } from "./ours.js";
import { writePage } from "./page.js";
import { bestLagS, type LipFigures, score } from "./score.js";
import type { LipSystem, MouthTrack } from "./tracks.js";
import { createWawaLipsync } from "./wawa-lipsync.js";
import { createWLipSync } from "./wlipsync.js";

/** One library's row in bench/results/peers.json. */
export type PeerResult = {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly how: string;
  /** Process CPU seconds for a second of sound, all threads, loading left out. */
  readonly cpuSPerSecond: number;
  readonly synthesised: LipFigures;
  readonly recorded: LipFigures | undefined;
};

/** bench/results/peers.json: everything that docs/benchmarks.md says of the peers. */
export type PeersReport = {
  readonly date: string;
  readonly commit: string | undefined;
  readonly machine: ReturnType<typeof describeMachine>;
  readonly pack: { readonly name: string; readonly hash: string };
  /** CPU seconds of the whole head (listening, motion, pixels) for a second of video. */
  readonly wholeHeadCpuSPerSecond: number;
  readonly sets: Readonly<Record<"synthesised" | "recorded", SetSummary | undefined>>;
  readonly truth: LipFigures;
  readonly systems: readonly PeerResult[];
};

type SetSummary = { readonly clips: number; readonly seconds: number; readonly voices: readonly string[]; readonly fingerprint: string };

/** The command; see run.mjs. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      speech: { type: "string", default: "build/speech" },
      recorded: { type: "string" },
      phones: { type: "string", default: "build/ljspeech-phones.json" },
      pack: { type: "string", default: "models/echo-nano" },
      utterances: { type: "string", default: "40" },
      out: { type: "string", default: "bench/results/peers.json" },
      "page-only": { type: "boolean", default: false },
    },
  });
  if (!values["page-only"]) {
    const report = await measure(values);
    mkdirSync(dirname(values.out), { recursive: true });
    writeFileSync(values.out, `${JSON.stringify(report, (_, v) => (typeof v === "number" ? Number(v.toPrecision(4)) : v), 1)}\n`);
  }
  writePage(ownRoot());
}

async function measure(options: {
  speech: string;
  recorded?: string | undefined;
  phones: string;
  pack: string;
  utterances: string;
}): Promise<PeersReport> {
  const most = Number(options.utterances);
  if (!Number.isInteger(most) || most < 2) throw new TypeError(`--utterances must be a whole number of at least 2`);
  if (options.recorded !== undefined && !existsSync(options.phones))
    throw new Error(`there is no ${options.phones}: python -m bench.peers.align ${options.recorded} --out ${options.phones}`);
  const synthesised = readSynthesised(options.speech, "held-out", most);
  const recorded = options.recorded === undefined ? undefined : await readRecorded(options.recorded, options.phones, most);
  const ours = await createOurs(options.pack);
  const systems: LipSystem[] = [
    ours,
    await createHeadAudio(),
    await createWawaLipsync(),
    await createWLipSync(readSynthesised(options.speech, "train", 600)),
  ];
  const results: PeerResult[] = [];
  for (const clip of [...synthesised, ...(recorded ?? [])]) void clip.pcm48; // made before anything is timed
  for (const system of systems) {
    const { name, version, licence, how } = system;
    console.error(`${name} ...`);
    await system.run(synthesised[0]!); // warm
    const { tracks, cpuSPerSecond } = await runAll(system, synthesised);
    const lagS = bestLagS(synthesised, tracks);
    const onRecorded = recorded && score(recorded, (await runAll(system, recorded)).tracks, lagS);
    results.push({ name, version, licence, how, cpuSPerSecond, synthesised: score(synthesised, tracks, lagS), recorded: onRecorded });
    await system.dispose();
  }
  console.error("the whole head ...");
  const wholeHeadCpuSPerSecond = await cpuOfWholeHead(options.pack, synthesised[0]!.pcm.slice(0, 6 * 16_000));
  return {
    date: new Date().toISOString(),
    commit: ownCommit(),
    machine: describeMachine(),
    pack: { name: systems[0]!.version, hash: ours.packHash },
    wholeHeadCpuSPerSecond,
    sets: { synthesised: summary(synthesised), recorded: recorded && summary(recorded) },
    truth: score(synthesised, synthesised.map((clip) => clip.truth!), 0),
    systems: results,
  };
}

async function runAll(system: LipSystem, clips: readonly SpokenClip[]): Promise<{ tracks: MouthTrack[]; cpuSPerSecond: number }> {
  const tracks: MouthTrack[] = [];
  let seconds = 0;
  const before = process.cpuUsage();
  for (const clip of clips) {
    tracks.push(await system.run(clip));
    seconds += clip.pcm.length / 16_000;
  }
  const { user, system: kernel } = process.cpuUsage(before);
  return { tracks, cpuSPerSecond: (user + kernel) / 1e6 / seconds };
}

/** What was measured on, so that two reports can be told apart: a hash over the samples and phones. */
function summary(clips: readonly SpokenClip[]): SetSummary {
  const hash = createHash("sha256");
  for (const clip of clips) hash.update(new Uint8Array(clip.pcm.buffer)).update(JSON.stringify(clip.phones));
  return {
    clips: clips.length,
    seconds: clips.reduce((sum, clip) => sum + clip.pcm.length / 16_000, 0),
    voices: [...new Set(clips.map((clip) => clip.voice.replace(/-p\d.*$/, "")))].sort(),
    fingerprint: hash.digest("hex").slice(0, 16),
  };
}

/** The repository: bundled, this file lies in build/bench. */
function ownRoot(): string {
  const { root } = ownPackage();
  return root === "" ? join(import.meta.dirname, "../..") : root;
}
