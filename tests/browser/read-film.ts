import { spawnSync } from "node:child_process";

/** Pictures are looked at in this size: enough to see a mouth. */
const SIDE = 64;

/** False, and said aloud, where there is no ffmpeg: films can then not be looked into. */
export const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!hasFfmpeg) console.warn("SKIPPED: ffmpeg is needed to look into films. Debian and Ubuntu: apt-get install ffmpeg");

/** What another program than ours makes of a film. */
export type Film = {
  /** Each picture, red, green, blue and alpha, SIDE x SIDE. */
  readonly pictures: readonly Uint8Array[];
  /** Says the file of itself that it has an alpha channel? */
  readonly transparent: boolean;
  /** Alpha of the last picture at a place, in parts of its sides, 0..255. */
  alphaAt(x: number, y: number): number;
  /** The loudest sample, 0..1. */
  readonly loudest: number;
  /** When the sound rises for the first time above a tenth of its loudest, in s from the beginning of the film. */
  readonly soundFromS: number;
};

/** Decodes a film with ffmpeg. libvpx, because ffmpeg's own decoder leaves alpha out. */
export function readFilm(path: string): Film {
  const probe = JSON.parse(run("ffprobe", ["-v", "error", "-show_streams", "-of", "json", path]).toString()) as {
    streams: { codec_type: string; codec_name: string; tags?: Record<string, string> }[];
  };
  const video = probe.streams.find(({ codec_type }) => codec_type === "video")!;
  const decoder = video.codec_name === "vp9" ? ["-c:v", "libvpx-vp9"] : [];
  const raw = run("ffmpeg", [
    ...["-v", "error", ...decoder, "-i", path],
    ...["-fps_mode", "passthrough", "-vf", `scale=${SIDE}:${SIDE}`, "-pix_fmt", "rgba", "-f", "rawvideo", "-"],
  ]);
  const bytes = SIDE * SIDE * 4;
  const pictures = Array.from({ length: raw.length / bytes }, (_, i) => raw.subarray(i * bytes, (i + 1) * bytes));
  const sound = run("ffmpeg", ["-v", "error", "-i", path, "-ac", "1", "-ar", "16000", "-f", "f32le", "-"]);
  const samples = new Float32Array(sound.buffer, sound.byteOffset, sound.length >> 2);
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return {
    pictures,
    transparent: video.tags?.alpha_mode === "1" || video.tags?.ALPHA_MODE === "1",
    alphaAt: (x, y) => pictures.at(-1)![4 * (Math.floor(y * SIDE) * SIDE + Math.floor(x * SIDE)) + 3]!,
    loudest,
    soundFromS: samples.findIndex((sample) => Math.abs(sample) > loudest / 10) / 16_000,
  };
}

/** Mean difference of two pictures, in steps of 255. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

function run(program: string, args: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(program, args, { maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${program}: ${stderr.toString().trim()}`);
  return stdout;
}
