import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { ARKIT_BLENDSHAPES, ARKIT_INDEX, type ArkitBlendshape } from "../protocol/arkit.js";
import type { FaceSample } from "../protocol/pose.js";
import { checkInputFile, invalidInput } from "./input-file.js";

/** Fields of "pose" in the order of FaceSample.pose; angles in radians, positions in head heights. */
const POSE_KEYS = ["yaw", "pitch", "roll", "x", "y", "z"] as const;
const LINE_KEYS = ["t", "blendshapes", "pose"];
/** A line holds at most 59 numbers; a longer one is not this format. */
const LONGEST_LINE = 65_536;

/**
 * Reads a face track: one JSON object a line, `{"t": 0.04, "blendshapes": {"mouthSmileLeft": 0.6}, "pose": {"yaw": 0}}`. `t` is in
 * seconds and must grow; names that are absent are 0; empty lines are skipped.
 * @throws EchoError `input-unreadable`, or `input-invalid` with the line number
 */
export async function readFaceJsonl(file: string): Promise<FaceSample[]> {
  await checkInputFile(file);
  const samples: FaceSample[] = [];
  let number = 0;
  const lines = createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const sample = parseLine(line, (rule) => invalidInput(file, `line ${number}`, rule));
    const before = samples.at(-1);
    if (before !== undefined && sample.timeS <= before.timeS)
      throw invalidInput(
        file,
        `line ${number}`,
        `"t" must be greater than on the line before (${before.timeS}), it is ${sample.timeS}`,
      );
    samples.push(sample);
  }
  if (samples.length === 0) throw invalidInput(file, "line 1", "the file holds no face, only empty lines");
  return samples;
}

function parseLine(line: string, refuse: (rule: string) => Error): FaceSample {
  if (line.length > LONGEST_LINE) throw refuse(`a line may have at most ${LONGEST_LINE} characters`);
  const value = parseJson(line, refuse);
  if (!isObject(value)) throw refuse('must be a JSON object such as {"t": 0.04, "blendshapes": {"jawOpen": 0.2}}');
  for (const key of Object.keys(value))
    if (!LINE_KEYS.includes(key)) throw refuse(`"${key}" is not a known key; known are ${LINE_KEYS.join(", ")}`);
  const { t, blendshapes, pose = {} } = value;
  if (typeof t !== "number" || !Number.isFinite(t) || t < 0)
    throw refuse(`"t" must be a number of seconds, 0 or more, it is ${shown(t)}`);
  if (!isObject(blendshapes)) throw refuse(`"blendshapes" must be an object of names and numbers`);
  if (!isObject(pose)) throw refuse(`"pose" must be an object with ${POSE_KEYS.join(", ")}`);

  const coefficients = new Float32Array(ARKIT_BLENDSHAPES.length);
  for (const [name, weight] of Object.entries(blendshapes)) {
    if (!Object.hasOwn(ARKIT_INDEX, name)) throw refuse(`"blendshapes.${name}" is not one of the 52 ARKit names`);
    if (typeof weight !== "number" || !(weight >= 0 && weight <= 1))
      throw refuse(`"blendshapes.${name}" must be a number from 0 to 1, it is ${shown(weight)}`);
    coefficients[ARKIT_INDEX[name as ArkitBlendshape]] = weight;
  }
  const place = new Float32Array(POSE_KEYS.length);
  for (const [name, number] of Object.entries(pose)) {
    const index = POSE_KEYS.indexOf(name as (typeof POSE_KEYS)[number]);
    if (index < 0) throw refuse(`"pose.${name}" is not a known key; known are ${POSE_KEYS.join(", ")}`);
    if (typeof number !== "number" || !Number.isFinite(Math.fround(number)))
      throw refuse(`"pose.${name}" must be a finite number, it is ${shown(number)}`);
    place[index] = number;
  }
  return { timeS: t, blendshapes: coefficients, pose: place };
}

function parseJson(line: string, refuse: (rule: string) => Error): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw refuse(`must be one JSON object: ${(error as Error).message}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value).slice(0, 40);
}
