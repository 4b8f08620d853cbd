import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { pictureFiles, readPicture } from "../../sdk/cli/eval-frames.js";
import { readSequences } from "../../sdk/cli/eval-inputs.js";
import { describeMachine, type Machine, ownCommit, ownPackage } from "../../sdk/cli/machine.js";
import { intervalOfMean } from "../../sdk/eval/bootstrap.js";
import { average } from "../../sdk/eval/correlation.js";
import { evaluateMotion, type MotionReport } from "../../sdk/eval/motion-report.js";
import { MeasuringNet } from "../../sdk/eval/net.js";
import { clipDistance, type FeatureDistance, frameDistance, identitySimilarity, lipSyncOfVideo } from "../../sdk/eval/picture-report.js";
import type { Picture } from "../../sdk/eval/picture.js";
import { openAudioFile } from "../../sdk/media/audio-file.js";
import { loadPack } from "../../sdk/pack/load-pack.js";

/** Figures of one system. Of the truth, `fid` and `fvd` are those of its first half of the clips against its second: a floor. */
export type PictureFigures = {
  readonly fid: FeatureDistance;
  readonly fvd: FeatureDistance;
  /** Means over the clips. */
  readonly lseD: number;
  readonly lseC: number;
  /** Share of the clips whose best shift is 0 or one frame off. */
  readonly offsetWithinOneFrame: number;
  /** Cosine to the avatar's reference picture. */
  readonly csim: number;
  /** 95 % interval over talks of the difference from `full`; not of `truth` and of `full` itself. */
  readonly differences?: Readonly<Record<ClipFigure, readonly [low: number, high: number]>>;
};

type ClipFigure = "lseD" | "lseC" | "csim";
/** By clip, in the order of the clips' names. */
type ByClip = Readonly<Record<ClipFigure, readonly number[]>>;

/** bench/results/paper.json */
export type PaperFigures = {
  readonly date: string;
  readonly commit: string | undefined;
  readonly machine: Machine;
  readonly pack: { readonly name: string; readonly hash: string };
  readonly clips: number;
  readonly framesEach: number;
  readonly systems: Readonly<Record<string, PictureFigures>>;
  /** Frames in which the avatar listens, preset "echo-text". */
  readonly listening: MotionReport;
};

const NETS = ["features", "clips", "faces", "syncnet"] as const;
type Nets = Readonly<Record<(typeof NETS)[number], MeasuringNet>>;

/** The command; see run.mjs. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      python: { type: "string", default: "python" },
      pack: { type: "string", default: "models/echo-nano" },
      config: { type: "string", default: "training/configs/cpu.json" },
      frames: { type: "string", default: "build/filmed" },
      nets: { type: "string" },
      filmed: { type: "boolean", default: false },
      ablations: { type: "boolean", default: false },
      out: { type: "string", default: "bench/results/paper.json" },
    },
  });
  const { root: own } = ownPackage();
  const root = own === "" ? join(import.meta.dirname, "../..") : own;
  const { manifest, hash } = await loadPack(values.pack);
  if (!values.filmed) {
    for (const old of ["pictures", "sound", "listening"]) rmSync(join(values.frames, old), { recursive: true, force: true }); // another run's clips
    const film = ["-m", "training.eval.filmed", "--pack", values.pack, "--config", values.config, "--out", values.frames];
    execFileSync(values.python, values.ablations ? [...film, "--ablations"] : film, { cwd: root, stdio: "inherit" });
  }
  const pictures = join(values.frames, "pictures");
  const clips = readdirSync(join(pictures, "truth")).sort();
  const names = readdirSync(pictures).filter((name) => name !== "truth");
  const nets = Object.fromEntries(await Promise.all(NETS.map(async (name) => [name, await openNet(values.nets ?? join(root, "models/eval"), name)]))) as Nets;
  const systems: Record<string, PictureFigures> = {};
  let full: ByClip | undefined;
  for (const name of ["truth", "full", ...names.filter((name) => name !== "full").sort()]) {
    console.error(`${name} ...`);
    const { figures, byClip } = await measure({ nets, folder: values.frames, system: name, clips, pack: values.pack });
    systems[name] = full === undefined ? figures : { ...figures, differences: differences(clips, full, byClip) };
    if (name === "full") full = byClip;
  }
  const listened = (name: string) => join(values.frames, "listening", name);
  const listening = { pred: listened("full"), truth: listened("truth"), user: listened("user") };
  const report: PaperFigures = {
    date: new Date().toISOString(),
    commit: ownCommit(),
    machine: describeMachine(),
    pack: { name: `${manifest.name} ${manifest.version}`, hash },
    clips: clips.length,
    framesEach: (await pictureFiles(join(pictures, "truth")))[0]!.length,
    systems,
    listening: await evaluateMotion({ sequences: await readSequences(listening) }),
  };
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify(report, (_, v) => (typeof v === "number" ? Number(v.toPrecision(5)) : v), 1)}\n`);
  execFileSync(process.execPath, [join(root, "tools/paper-page.mjs")], { stdio: "inherit" });
}

/** Clips of one talk ("03b-ada" is of talk 03) are drawn together. */
function differences(clips: readonly string[], full: ByClip, other: ByClip) {
  const talks = [...new Set(clips.map(talkOf))];
  const of = (key: ClipFigure) =>
    intervalOfMean(talks.map((talk) => clips.flatMap((clip, i) => (talkOf(clip) === talk ? [other[key][i]! - full[key][i]!] : []))));
  return { lseD: of("lseD"), lseC: of("lseC"), csim: of("csim") };
}

const talkOf = (clip: string) => clip.slice(0, 2);

type Measured = { readonly figures: PictureFigures; readonly byClip: ByClip };

async function measure(task: { nets: Nets; folder: string; system: string; clips: readonly string[]; pack: string }): Promise<Measured> {
  const { nets, folder, system, clips, pack } = task;
  const of = async (name: string) => await Promise.all((await pictureFiles(join(folder, "pictures", name))).map(readAll));
  const videos = await of(system);
  const truth = system === "truth" ? videos : await of("truth");
  const half = clips.length >> 1; // both halves hold every avatar
  const [made, real] = system === "truth" ? [truth.slice(0, half), truth.slice(half)] : [videos, truth];
  const fid = await frameDistance({ net: nets.features, generated: made.flat(), truth: real.flat() });
  const fvd = await clipDistance({ net: nets.clips, generated: made, truth: real });
  const sync = [];
  const likeness: number[] = [];
  for (const [i, clip] of clips.entries()) {
    const generated = videos[i]!;
    const pcm = await int16(join(folder, "sound", `${clip}.wav`));
    sync.push(await lipSyncOfVideo({ net: nets.syncnet, pictures: generated, pcm }));
    const avatar = join(pack, "avatars", clip.replace(/^\w+-/, ""));
    const { reference } = JSON.parse(readFileSync(join(avatar, "avatar.json"), "utf8")) as { reference: { file: string } };
    const picture = await readPicture(join(pack, reference.file));
    likeness.push((await identitySimilarity({ net: nets.faces, generated, reference: picture })).value);
  }
  const byClip = { lseD: sync.map(({ distance }) => distance), lseC: sync.map(({ confidence }) => confidence), csim: likeness };
  return {
    figures: {
      fid,
      fvd,
      lseD: average(byClip.lseD),
      lseC: average(byClip.lseC),
      offsetWithinOneFrame: average(sync.map(({ offset }) => (Math.abs(offset) <= 1 ? 1 : 0))),
      csim: average(byClip.csim),
    },
    byClip,
  };
}

async function openNet(folder: string, name: string): Promise<MeasuringNet> {
  const file = join(folder, `${name}.onnx`);
  if (!existsSync(file)) throw new Error(`${file} is not there: training/eval_nets/README.md`);
  return await MeasuringNet.open({
    bytes: new Uint8Array(readFileSync(file)),
    description: JSON.parse(readFileSync(file.replace(/onnx$/, "json"), "utf8")),
  });
}

/** A video, decoded once for all of its figures: 0.3 MB a frame. */
async function readAll(files: readonly string[]): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const file of files) pictures.push(await readPicture(file));
  return pictures;
}

/** 16 kHz mono at the scale of int16. */
async function int16(file: string): Promise<Int16Array> {
  const chunks: number[] = [];
  for await (const chunk of (await openAudioFile(file)).mono({ sampleRateHz: 16_000 }))
    for (const sample of chunk) chunks.push(Math.round(sample * 32_767));
  return Int16Array.from(chunks);
}
