import { EchoError } from "../base/errors.js";
import { ARKIT_BLENDSHAPES } from "../protocol/arkit.js";

/** Face coefficients and head pose over time. */
export type MotionTrack = {
  /** Names of the columns, in order. */
  readonly columns: readonly string[];
  /** Frames a second. */
  readonly fps: number;
  /** T rows of as many numbers as there are columns. */
  readonly frames: readonly Float64Array[];
};

/** What the columns mean: metrics of one space must not be compared with metrics of the other. */
export type FeatureSpace = "arkit-52" | "flame-56";

/** Parts of a face that are measured apart. "pose" is the head in ARKit, head and jaw in FLAME; "jaw" and "head" exist in FLAME only. */
export type GroupName = "exp" | "pose" | "jaw" | "head";

/** A feature space and which columns belong to which group. */
export type FeatureGroups = {
  readonly space: FeatureSpace;
  readonly groups: Readonly<Partial<Record<GroupName, readonly string[]>>>;
};

const ARKIT_POSE = ["headYaw", "headPitch", "headRoll"];
const NOT_NUMBERS_OF_MOTION = new Set(["frame", "time_s"]);

/**
 * Reads a CSV with a header line, as `echo-head render --blendshapes` writes it: ARKit names and headYaw, headPitch, headRoll in radians; or FLAME:
 * exp_0 .. exp_49, head_0 .. head_2 and jaw_0 .. jaw_2. The columns `frame` and `time_s` are not motion; `time_s` gives the rate.
 * @throws EchoError "input-invalid" naming the line and the rule
 */
export function parseMotionCsv(text: string, options: { file: string; fps?: number | undefined }): MotionTrack {
  const { file } = options;
  const refuse = (place: string, rule: string) => new EchoError("input-invalid", { file, place, rule });
  const lines = text.split(/\r?\n/).filter((line, i) => line.trim() !== "" || i === 0);
  const header = lines[0]!.split(",").map((name) => name.trim());
  if (header.length < 2 || header.some((name) => name === "" || Number.isFinite(Number(name))))
    throw refuse("line 1", "the first line must name the columns, separated by commas");
  if (new Set(header).size !== header.length) throw refuse("line 1", "a column is named twice");
  if (lines.length < 2) throw refuse("line 2", "there are no frames");
  const rows = lines.slice(1).map((line, i) => {
    const cells = line.split(",");
    if (cells.length !== header.length)
      throw refuse(`line ${i + 2}`, `there must be ${header.length} values, there are ${cells.length}`);
    return Float64Array.from(cells, (cell, c) => {
      const value = cell.trim() === "" ? Number.NaN : Number(cell);
      if (!Number.isFinite(value))
        throw refuse(`line ${i + 2}, ${header[c]}`, `"${cell.trim()}" is not a finite number`);
      return value;
    });
  });
  const time = header.indexOf("time_s");
  const fps = options.fps ?? (time >= 0 ? rateOf(rows.map((row) => row[time]!)) : 25);
  if (!(fps > 0 && Number.isFinite(fps))) throw refuse("time_s", "times must grow from line to line");
  const kept = header.flatMap((name, i) => (NOT_NUMBERS_OF_MOTION.has(name) ? [] : [i]));
  return {
    columns: kept.map((i) => header[i]!),
    fps,
    frames: rows.map((row) => Float64Array.from(kept, (i) => row[i]!)),
  };
}

/** The feature space of these columns. @throws TypeError when they are neither 51 or 52 ARKit names nor FLAME's exp_, head_ and jaw_ columns */
export function featureGroups(columns: readonly string[]): FeatureGroups {
  const named = new Set(columns);
  const arkit = ARKIT_BLENDSHAPES.filter((name) => named.has(name));
  if (arkit.length >= ARKIT_BLENDSHAPES.length - 1) {
    const pose = ARKIT_POSE.filter((name) => named.has(name));
    return { space: "arkit-52", groups: { exp: arkit, ...(pose.length === 3 ? { pose } : {}) } };
  }
  const starting = (prefix: string) => columns.filter((name) => new RegExp(`^${prefix}_\\d+$`).test(name));
  const [exp, head, jaw] = [starting("exp"), starting("head"), starting("jaw")];
  if (exp.length === 0)
    throw new TypeError(
      "columns must hold the ARKit names (51 or 52 of them) or FLAME's exp_0 .., head_0 .., jaw_0 ..; see docs/eval.md",
    );
  const pose = [...head, ...jaw];
  return {
    space: "flame-56",
    groups: {
      exp,
      ...(pose.length > 0 ? { pose } : {}),
      ...(jaw.length > 0 ? { jaw } : {}),
      ...(head.length > 0 ? { head } : {}),
    },
  };
}

/** The columns of these names, in their order. @throws TypeError when the track lacks one */
export function selectColumns(track: MotionTrack, names: readonly string[]): Float64Array[] {
  const places = names.map((name) => {
    const place = track.columns.indexOf(name);
    if (place < 0) throw new TypeError(`a track lacks the column ${name}`);
    return place;
  });
  return track.frames.map((row) => Float64Array.from(places, (place) => row[place]!));
}

/** The track at another rate, between its frames on straight lines; frame i lies at i / fps. */
export function resampleTrack(track: MotionTrack, fps: number): MotionTrack {
  if (Math.abs(track.fps - fps) < 1e-6) return track;
  const count = Math.floor(((track.frames.length - 1) / track.fps) * fps + 1e-9) + 1;
  const frames = Array.from({ length: count }, (_, i) => {
    const at = Math.min((i / fps) * track.fps, track.frames.length - 1);
    const [before, share] = [Math.floor(at), at % 1];
    const [a, b] = [track.frames[before]!, track.frames[Math.min(before + 1, track.frames.length - 1)]!];
    return a.map((value, d) => value + share * (b[d]! - value));
  });
  return { ...track, fps, frames };
}

function rateOf(times: readonly number[]): number {
  if (times.length < 2) return 25;
  const fps = (times.length - 1) / (times.at(-1)! - times[0]!);
  return Math.abs(fps - Math.round(fps)) < 0.02 ? Math.round(fps) : fps;
}
