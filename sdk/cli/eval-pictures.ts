import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "../base/errors.js";
import type { Point } from "../eval/identity.js";
import { MeasuringNet, type NetDescription } from "../eval/net.js";
import {
  clipDistance,
  type FeatureDistance,
  frameDistance,
  identitySimilarity,
  lipSyncOfVideo,
} from "../eval/picture-report.js";
import { openAudioFile } from "../media/audio-file.js";
import { checkInputFile, invalidInput } from "../media/input-file.js";
import { type CommandIo, type OptionSpec, type OptionValues, textOf } from "./command.js";
import { pictureFiles, readPicture, readPictures } from "./eval-frames.js";
import { UsageError } from "./exit-codes.js";
import { ownPackage } from "./machine.js";

/** Options of `echo-head eval` that concern pictures. */
export const PICTURE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  frames: {
    value: "<folder>",
    help: "generated frames: PNGs, as render --out x.png writes them, or one folder of them a video",
  },
  "truth-frames": { value: "<folder>", help: "true frames: adds FID and FVD" },
  "feature-net": { value: "<onnx>", help: "features of frames for FID; default: our small one" },
  "clip-net": { value: "<onnx>", help: "features of clips for FVD; default: our small one" },
  reference: { value: "<png>", help: "the avatar's reference picture: adds CSIM" },
  "face-net": { value: "<onnx>", help: "face descriptors for CSIM; default: our small one" },
  landmarks: {
    value: "<json>",
    help: 'five points a frame to align faces by: {"reference": [[x, y], ..], "frames": [..]}',
  },
  audio: { value: "<file>", help: "what the avatar says in --frames: adds LSE-D and LSE-C" },
  "sync-net": { value: "<onnx>", help: "a SyncNet-shaped network; default: our small one" },
};

/** True when an option asks for a figure of pictures. */
export function wantsPictures(values: OptionValues): boolean {
  return textOf(values, "frames") !== undefined;
}

/**
 * FID, FVD, CSIM and LSE of what the options name.
 * @throws UsageError, EchoError "input-unreadable", "input-invalid", "graph-load-failed"
 */
export async function evaluatePictures(values: OptionValues, io: CommandIo): Promise<Record<string, unknown>> {
  const report: Record<string, unknown> = {};
  const truthFolder = textOf(values, "truth-frames");
  const reference = textOf(values, "reference");
  const audio = textOf(values, "audio");
  if (truthFolder === undefined && reference === undefined && audio === undefined)
    throw new UsageError("--frames needs --truth-frames, --reference or --audio to be measured against");
  const videos = await pictureFiles(textOf(values, "frames")!);
  const all = videos.flat();
  const say = (what: string) => io.isTty && io.err(`${what} ...\n`);
  if (truthFolder !== undefined) {
    const truth = await pictureFiles(truthFolder);
    say("FID");
    report.fid = await withNet(values, "feature-net", "features", (net) =>
      frameDistance({ net, generated: readPictures(all), truth: readPictures(truth.flat()) }),
    );
    say("FVD");
    report.fvd = await withNet<FeatureDistance | { skipped: string }>(
      values,
      "clip-net",
      "clips",
      (net): Promise<FeatureDistance> | { skipped: string } => {
        const frames = net.description.clip?.frames ?? 16;
        const long = (files: string[]) => files.length >= frames;
        if (!videos.some(long) || !truth.some(long)) return { skipped: `no video has ${frames} frames` };
        return clipDistance({ net, generated: videos.map(readPictures), truth: truth.map(readPictures) });
      },
    );
  }
  if (reference !== undefined) {
    say("CSIM");
    const landmarks = textOf(values, "landmarks");
    const points = landmarks === undefined ? undefined : await readLandmarks(landmarks);
    const picture = await readPicture(reference);
    report.csim = await withNet(values, "face-net", "faces", (net) =>
      identitySimilarity({ net, generated: readPictures(all), reference: picture, landmarks: points }),
    );
  }
  if (audio !== undefined) {
    if (videos.length !== 1)
      throw new UsageError("--audio belongs to one video: --frames must hold its PNGs themselves");
    say("LSE");
    const pcm = await readInt16(audio);
    report.lse = await withNet(values, "sync-net", "syncnet", (net) =>
      lipSyncOfVideo({ net, pictures: readPictures(all), pcm }),
    );
  }
  return report;
}

/** Opens a network, uses it and frees it. */
async function withNet<T>(
  values: OptionValues,
  option: string,
  name: string,
  use: (net: MeasuringNet) => Promise<T> | T,
): Promise<T> {
  const own = join(ownPackage().root, "models", "eval", `${name}.onnx`);
  const file = textOf(values, option) ?? (existsSync(own) ? own : undefined);
  if (file === undefined)
    throw new UsageError(`--${option} must be given: ${own} is not there (training/eval_nets makes one)`);
  await checkInputFile(file);
  const net = await MeasuringNet.open({
    bytes: new Uint8Array(await readFile(file)),
    description: await readDescription(file),
  });
  try {
    return await use(net);
  } finally {
    await net.dispose();
  }
}

async function readDescription(file: string): Promise<NetDescription> {
  const side = file.replace(/\.onnx$/, ".json");
  await checkInputFile(side).catch(() => {
    throw invalidInput(side, "the file", "a network needs this description beside it; docs/eval.md says what is in it");
  });
  let value: NetDescription;
  try {
    value = JSON.parse(await readFile(side, "utf8")) as NetDescription;
  } catch (error) {
    throw invalidInput(side, "its JSON", reasonOf(error));
  }
  const { name, input } = value;
  if (typeof name !== "string" || !Number.isInteger(input?.width) || !Number.isInteger(input?.height))
    throw invalidInput(side, "name, input", 'it must have {"name": "...", "input": {"width": n, "height": n}}');
  return value;
}

type Landmarks = { reference: Point[]; frames: (Point[] | null)[] };

async function readLandmarks(file: string): Promise<Landmarks> {
  await checkInputFile(file);
  let value: Landmarks;
  try {
    value = JSON.parse(await readFile(file, "utf8")) as Landmarks;
  } catch (error) {
    throw invalidInput(file, "its JSON", reasonOf(error));
  }
  const five = (points: unknown) =>
    Array.isArray(points) && points.length === 5 && points.every((p) => Array.isArray(p) && p.length === 2);
  if (!five(value.reference) || !Array.isArray(value.frames) || !value.frames.every((f) => f === null || five(f)))
    throw invalidInput(file, "reference, frames", "each must be five points [x, y]; a frame without a face is null");
  return value;
}

/** 16 kHz mono at the scale of int16, which SyncNet's front end wants. */
async function readInt16(file: string): Promise<Int16Array> {
  const chunks: Float32Array[] = [];
  for await (const chunk of (await openAudioFile(file)).mono({ sampleRateHz: 16_000 })) chunks.push(chunk);
  const pcm = new Int16Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) for (const sample of chunk) pcm[at++] = Math.round(sample * 32_767);
  return pcm;
}
