import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StreamResampler } from "../../sdk/capture/resampler.js";
import { openAudioFile } from "../../sdk/media/audio-file.js";
import { ARKIT_INDEX } from "../../sdk/protocol/arkit.js";
import type { MouthShape, MouthTrack } from "./tracks.js";

/** Phone (lower-case ARPAbet, "sil"), start and end in seconds. */
export type TimedPhone = readonly [name: string, startS: number, endS: number];

/** One utterance with the times of its phones and, where it was synthesised, the mouth that belongs to it. */
export type SpokenClip = {
  readonly id: string;
  readonly voice: string;
  readonly pcm: Float32Array;
  readonly pcm48: Float32Array;
  readonly phones: readonly TimedPhone[];
  readonly truth: MouthTrack | undefined;
};

/** Silence after each clip, so that a late mouth can finish. */
const TAIL_S = 0.4;

/**
 * Clips of the corpus that `python -m training.data.speech.build` makes. Held-out clips are spoken by voices, and say sentences, that no training of ours met.
 * @throws Error that says how to make the corpus
 */
export function readSynthesised(folder: string, split: "held-out" | "train", most: number): SpokenClip[] {
  if (!existsSync(join(folder, "index.json")))
    throw new Error(
      `there is no corpus in ${folder}: python -m training.data.speech.build --out ${folder} --utterances 1500 --seed 1`,
    );
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  const pcm = int16Of(readFileSync(join(folder, "pcm.npy")));
  const faces = halfFloatsOf(readFileSync(join(folder, "face.npy")));
  const clips: SpokenClip[] = [];
  type Row = { id: string; voice: string; split: string; samples: number; frames: number; phones: TimedPhone[]; pcm_start: number; frame_start: number };
  const rows = (index.utterances as Row[]).filter((row) => (row.split === "train") === (split === "train"));
  const step = Math.max(1, rows.length / most); // spread over the whole set, so that every voice comes in
  for (let i = 0; i < Math.min(most, rows.length); i++) {
    const row = rows[Math.floor(i * step)]!;
    const sound = new Float32Array(row.samples + TAIL_S * 16_000);
    for (let n = 0; n < row.samples; n++) sound[n] = pcm[row.pcm_start + n]! / 32_768;
    const shapes = Array.from({ length: row.frames }, (_, t) => {
      const start = (row.frame_start + t) * 52;
      return shapeOfCoefficients(faces.subarray(start, start + 52));
    });
    const timesS = shapes.map((_, t) => (t + 0.5) / index.frame_rate_hz);
    clips.push(clipOf({ id: row.id, voice: row.voice, pcm: sound, phones: row.phones, truth: { timesS, shapes } }));
  }
  return clips;
}

/** Recorded clips with phones from `bench/peers/align.py`. */
export async function readRecorded(folder: string, phonesFile: string, most: number): Promise<SpokenClip[]> {
  const aligned = JSON.parse(readFileSync(phonesFile, "utf8")) as { clips: { file: string; phones: TimedPhone[] }[] };
  const present = new Set(readdirSync(folder));
  const clips: SpokenClip[] = [];
  for (const { file, phones } of aligned.clips.filter(({ file }) => present.has(file)).slice(0, most)) {
    const chunks: Float32Array[] = [];
    for await (const chunk of (await openAudioFile(join(folder, file))).mono({ sampleRateHz: 16_000 })) chunks.push(chunk);
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const pcm = new Float32Array(length + TAIL_S * 16_000);
    let at = 0;
    for (const chunk of chunks) {
      pcm.set(chunk, at);
      at += chunk.length;
    }
    clips.push(clipOf({ id: file, voice: "recorded", pcm, phones, truth: undefined }));
  }
  return clips;
}

/** 52 ARKit coefficients as a mouth shape. */
export function shapeOfCoefficients(c: ArrayLike<number>): MouthShape {
  const at = (name: keyof typeof ARKIT_INDEX) => c[ARKIT_INDEX[name]]!;
  const lips =
    0.25 *
    (at("mouthLowerDownLeft") + at("mouthLowerDownRight") + at("mouthUpperUpLeft") + at("mouthUpperUpRight"));
  return {
    opening: Math.min(1, Math.max(0, at("jawOpen") - at("mouthClose") + 0.25 * lips)),
    rounding: 0.5 * (at("mouthPucker") + at("mouthFunnel")),
    tuck: at("mouthRollLower"),
    spread: 0.25 * (at("mouthStretchLeft") + at("mouthStretchRight") + at("mouthSmileLeft") + at("mouthSmileRight")),
  };
}

/** The clip, with its sound at 48 kHz made when it is first asked for. */
function clipOf(clip: Omit<SpokenClip, "pcm48">): SpokenClip {
  let pcm48: Float32Array | undefined;
  return {
    ...clip,
    get pcm48() {
      pcm48 ??= to48(clip.pcm);
      return pcm48;
    },
  };
}

function to48(pcm: Float32Array): Float32Array {
  const resampler = new StreamResampler({ inRateHz: 16_000, outRateHz: 48_000 });
  const [body, rest] = [resampler.push(pcm), resampler.flush()];
  const out = new Float32Array(body.length + rest.length);
  out.set(body);
  out.set(rest, body.length);
  return out;
}

/** Where the numbers of an .npy file (version 1) begin, after a check of their type. */
function npyStart(file: Buffer, type: string): number {
  const length = file.readUInt16LE(8);
  const header = file.toString("latin1", 10, 10 + length);
  if (!header.includes(`'${type}'`)) throw new Error(`an .npy file must hold ${type}: ${header.trim()}`);
  return 10 + length;
}

function int16Of(file: Buffer): Int16Array {
  const start = npyStart(file, "<i2");
  return new Int16Array(file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length));
}

function halfFloatsOf(file: Buffer): Float32Array {
  const start = npyStart(file, "<f2");
  const halves = new Uint16Array(file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length));
  return Float32Array.from(halves, (h) => {
    const [sign, exponent, fraction] = [h >> 15 ? -1 : 1, (h >> 10) & 31, h & 1023];
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}
