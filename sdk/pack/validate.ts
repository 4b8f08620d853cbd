import { Validator } from "@cfworker/json-schema";
import { EchoError, reasonOf } from "../base/errors.js";
import type { TensorSpecs } from "../protocol/tensor.js";
import avatarSchema from "./avatar.schema.json";
import manifestSchema from "./manifest.schema.json";
import { type AvatarManifest, type PackManifest, STAGE_NAMES, type StageName } from "./types.js";

const FORMAT_VERSION = 1;
const manifestValidator = new Validator(manifestSchema as object, "2020-12", false);
const avatarValidator = new Validator(avatarSchema as object, "2020-12", false);

/** The tensors that the runtime feeds and reads by name (the table of docs/pack.md); all other inputs must be states. */
const STAGE_TENSORS: Readonly<Record<StageName, { inputs: readonly string[]; outputs: readonly string[] }>> = {
  "audio-encoder": { inputs: ["pcm", "tail"], outputs: ["features", "tail_next"] },
  "visual-encoder": { inputs: ["face", "presence"], outputs: ["tokens"] },
  lpe: { inputs: ["audio", "visual", "lpe"], outputs: ["perception"] },
  phi: { inputs: ["history", "mask"], outputs: ["understanding"] },
  gca: { inputs: ["perception", "understanding", "hbcu"], outputs: ["f_pu"] },
  "text-encoder": { inputs: ["ids"], outputs: ["emotion"] },
  generator: {
    inputs: ["x", "time", "audio", "f_pu", "emotion", "identity", "sdcm", "lau", "expressivity"],
    outputs: ["velocity"],
  },
  "blendshape-head": { inputs: ["tokens"], outputs: ["blendshapes", "pose"] },
};

/** Reads manifest.json. @throws EchoError "pack-manifest-invalid", "pack-version-unsupported" */
export function parseManifest(text: string): PackManifest {
  const file = "manifest.json";
  const manifest = parseWith(text, file, manifestValidator) as PackManifest;
  const refuse = (path: string, rule: string) => new EchoError("pack-manifest-invalid", { file, path, rule });
  const { clock, tokens, sampler } = manifest;
  if (clock.samplesPerFrame * clock.fps !== clock.sampleRateHz) {
    throw refuse("clock.samplesPerFrame", "must be sampleRateHz / fps");
  }
  if (clock.avatarLookaheadFrames > clock.blockFrames) {
    throw refuse("clock.avatarLookaheadFrames", "must be at most blockFrames");
  }
  if (tokens.regions !== undefined && tokens.regions.length !== tokens.count) {
    throw refuse("tokens.regions", `must have tokens.count (${tokens.count}) entries`);
  }
  if (sampler.times.some((time, i) => i > 0 && time <= sampler.times[i - 1]!)) {
    throw refuse("sampler.times", "must rise");
  }
  if (!manifest.avatars.includes(manifest.defaultAvatar)) {
    throw refuse("defaultAvatar", "must be one of avatars");
  }
  for (const stage of STAGE_NAMES) checkStage(manifest, stage, refuse);
  return manifest;
}

/** Reads an avatar.json and compares it with its pack. @throws EchoError "pack-manifest-invalid", "pack-version-unsupported" */
export function parseAvatar(text: string, file: string, id: string, manifest: PackManifest): AvatarManifest {
  const avatar = parseWith(text, file, avatarValidator) as AvatarManifest;
  const refuse = (path: string, rule: string) => new EchoError("pack-manifest-invalid", { file, path, rule });
  if (avatar.id !== id) throw refuse("id", `must be "${id}", the name of its folder`);
  for (const key of ["layout", "count", "width"] as const) {
    if (avatar.tokens[key] !== manifest.tokens[key]) {
      throw refuse(`tokens.${key}`, `must be ${manifest.tokens[key]} as in manifest.json`);
    }
  }
  if (avatar.decoders.full === undefined) throw refuse("decoders", 'must have the variant "full"');
  for (const [variant, decoder] of Object.entries(avatar.decoders)) {
    for (const [input, spec] of Object.entries(decoder.inputs)) {
      const path = `decoders.${variant}.inputs.${input}`;
      if (input === "tokens") continue;
      const given = avatar.appearance.tensors[input];
      if (given === undefined) throw refuse(path, "must be an appearance tensor of the avatar");
      if (String(given.shape) !== String(spec.shape)) {
        throw refuse(path, `must have the shape [${given.shape}] of the appearance tensor`);
      }
    }
    const { width, height } = avatar.resolution;
    const rgba = decoder.outputs.rgba!;
    if (rgba.dtype !== "int32" || String(rgba.shape) !== `F,${height},${width}`) {
      throw refuse(`decoders.${variant}.outputs.rgba`, `must be int32 ["F", ${height}, ${width}], a pixel each`);
    }
  }
  return avatar;
}

function checkStage(manifest: PackManifest, name: StageName, refuse: (path: string, rule: string) => EchoError): void {
  const stage = manifest.behaviour[name];
  const path = `behaviour.${name}`;
  const states = stage.states ?? [];
  for (const kind of ["inputs", "outputs"] as const) {
    const absent = STAGE_TENSORS[name][kind].find((tensor) => stage[kind][tensor] === undefined);
    if (absent !== undefined) throw refuse(`${path}.${kind}`, `must have ${absent}`);
  }
  const fed = [...STAGE_TENSORS[name].inputs, ...states.map((state) => state.input)];
  const unfed = Object.keys(stage.inputs).find((input) => !fed.includes(input));
  if (unfed !== undefined)
    throw refuse(`${path}.inputs.${unfed}`, "must be a tensor that the runtime knows, or a state");
  for (const [i, state] of states.entries()) {
    const [from, to] = [describeSpec(stage.outputs, state.output), describeSpec(stage.inputs, state.input)];
    if (from === undefined || from !== to) {
      throw refuse(`${path}.states.${i}`, "must join an output to an input of the same type and shape");
    }
  }
}

function describeSpec(specs: TensorSpecs, name: string): string | undefined {
  const spec = specs[name];
  return spec && `${spec.dtype} [${spec.shape}]`;
}

function parseWith(text: string, file: string, validator: Validator): unknown {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new EchoError("pack-manifest-invalid", { file, path: "the file", rule: reasonOf(error), cause: error });
  }
  const found = (content as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof found === "number" && found !== FORMAT_VERSION) {
    throw new EchoError("pack-version-unsupported", { file, found, supported: FORMAT_VERSION });
  }
  const { valid, errors } = validator.validate(content);
  if (!valid) {
    // The deepest place is the one that is wrong; the errors above it only say that something below them is.
    const depth = (location: string) => location.split("/").length;
    const deepest = errors.reduce((best, error) =>
      depth(error.instanceLocation) > depth(best.instanceLocation) ? error : best,
    );
    const path = deepest.instanceLocation.replace(/^#\/?/, "").replaceAll("/", ".") || "the file";
    throw new EchoError("pack-manifest-invalid", { file, path, rule: deepest.error });
  }
  return content;
}
