import { checkBoolean, checkKeys, checkNumber, checkOneOf, checkText, describe } from "../base/option-checks.js";
import { faceVectorOfSample } from "../perception/face-vector.js";
import type { DialogueTurn } from "../protocol/dialogue.js";
import type { FaceSample } from "../protocol/pose.js";
import type { ModelSwitches, RenderOptions } from "./types.js";

const BACKENDS = ["auto", "cpu", "wasm", "webgpu", "cuda"] as const;
// biome-ignore format: a list
const KEYS = [
  "pack", "avatar", "backend", "seed", "expressivity", "switches", "avatarAudio", "userAudio", "userFace", "dialogue",
  "reasoner", "frameCount", "assets", "signal",
];
/** The model as it is meant to run. */
export const ALL_SWITCHES_ON: ModelSwitches = { lpe: true, hbcu: true, lau: true, sdcm: true };

/** Throws a `TypeError` with the dotted path of the first option that breaks its rule. */
export function checkRenderOptions(options: RenderOptions): void {
  checkKeys(options, "options", KEYS);
  const { frameCount, avatarAudio, userAudio, userFace, dialogue } = options as RenderOptions;
  checkModelOptions(options as RenderOptions, "options");
  checkIterable(avatarAudio, "options.avatarAudio");
  checkIterable(userAudio, "options.userAudio");
  if (frameCount !== undefined) checkNumber(frameCount, "options.frameCount", { min: 1, max: 1e9, integer: true });
  if (userFace !== undefined) checkFaces(userFace, "options.userFace");
  if (dialogue !== undefined) checkDialogue(dialogue, "options.dialogue");
  if (frameCount === undefined && !avatarAudio && !userAudio && !(userFace && userFace.length > 0))
    throw new TypeError(
      "options must have avatarAudio, userAudio, userFace or frameCount: nothing says how long to render",
    );
}

/** The options that renders and agents share. */
export function checkModelOptions(
  options: Pick<
    RenderOptions,
    "pack" | "avatar" | "backend" | "seed" | "expressivity" | "switches" | "reasoner" | "assets" | "signal"
  >,
  path: string,
): void {
  const { pack, avatar, backend, seed, expressivity, switches, reasoner, assets, signal } = options;
  if (pack === undefined || pack === null || pack === "")
    throw new TypeError(
      `${path}.pack must be a folder, an address, "echo-nano" or an opened pack, not ${describe(pack)}`,
    );
  if (avatar !== undefined) checkText(avatar, `${path}.avatar`);
  if (backend !== undefined) checkOneOf(backend, `${path}.backend`, BACKENDS);
  if (seed !== undefined) checkNumber(seed, `${path}.seed`, { min: 0, max: 2 ** 32 - 1, integer: true });
  if (expressivity !== undefined) checkNumber(expressivity, `${path}.expressivity`, { min: 0, max: 1 });
  if (switches !== undefined) {
    checkKeys(switches, `${path}.switches`, Object.keys(ALL_SWITCHES_ON));
    for (const [name, on] of Object.entries(switches))
      if (on !== undefined) checkBoolean(on, `${path}.switches.${name}`);
  }
  if (reasoner !== undefined && typeof reasoner?.infer !== "function")
    throw new TypeError(`${path}.reasoner must have a method infer(history, signal), not be ${describe(reasoner)}`);
  if (assets !== undefined) checkKeys(assets, `${path}.assets`, ["workerUrl", "ortWasmUrl", "threads"]);
  if (signal !== undefined && typeof signal?.addEventListener !== "function")
    throw new TypeError(`${path}.signal must be an AbortSignal, not ${describe(signal)}`);
}

/** Refuses faces that are not sorted or have wrong values. */
export function checkFaces(faces: readonly FaceSample[], path: string): void {
  if (!Array.isArray(faces)) throw new TypeError(`${path} must be an array, not ${describe(faces)}`);
  let last = Number.NEGATIVE_INFINITY;
  faces.forEach((face: FaceSample, i) => {
    checkKeys(face, `${path}[${i}]`, ["timeS", "blendshapes", "pose"]);
    faceVectorOfSample(face as FaceSample, `${path}[${i}]`);
    const { timeS } = face as FaceSample;
    if (timeS < last)
      throw new TypeError(`${path}[${i}].timeS must not be before the one before it (${last}), not ${timeS}`);
    last = timeS;
  });
}

/** Refuses a dialogue with an unknown role, without text or out of order. */
export function checkDialogue(dialogue: readonly DialogueTurn[], path: string): void {
  if (!Array.isArray(dialogue)) throw new TypeError(`${path} must be an array, not ${describe(dialogue)}`);
  let last = Number.NEGATIVE_INFINITY;
  dialogue.forEach((turn: DialogueTurn, i) => {
    checkTurn(turn, `${path}[${i}]`);
    checkNumber(turn.timeS, `${path}[${i}].timeS`);
    if (turn.timeS < last)
      throw new TypeError(`${path}[${i}].timeS must not be before the one before it (${last}), not ${turn.timeS}`);
    last = turn.timeS;
  });
}

/** Refuses a turn with an unknown key or role or without text. */
export function checkTurn(turn: { role: string; text: string; timeS?: number | undefined }, path: string): void {
  checkKeys(turn, path, ["role", "text", "timeS"]);
  checkOneOf(turn.role, `${path}.role`, ["user", "avatar"]);
  checkText(turn.text, `${path}.text`);
}

function checkIterable(value: unknown, path: string): void {
  if (value === undefined) return;
  if (typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] !== "function")
    throw new TypeError(`${path} must be an async iterable of Float32Array chunks, not ${describe(value)}`);
}
