import { EchoError } from "../base/errors.js";
import { checkKeys } from "../base/option-checks.js";
import type { AssetOptions, BackendName, PackSource } from "../protocol/backend.js";
import { rgbaBytes } from "../protocol/picture.js";
import type { Tensor } from "../protocol/tensor.js";
import { openRuntime } from "../runtime/open-runtime.js";
import type { GraphSource, Runtime } from "../runtime/session.js";
import { loadPack } from "./load-pack.js";
import type { Pack } from "./pack.js";
import { parseSafetensors } from "./safetensors.js";
import { type FileEntry, type GoldenEntry, STAGE_NAMES } from "./types.js";

/** Options of {@link verifyPack}. */
export type VerifyPackOptions = {
  /** Run every graph on its recorded inputs and compare. @default true */
  readonly golden?: boolean;
  /** @default "auto" */
  readonly backend?: BackendName;
  readonly assets?: AssetOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told before each file is checked. */
  readonly onProgress?:
    | ((progress: { readonly file: string; readonly done: number; readonly total: number }) => void)
    | undefined;
};

/** One graph that was checked. */
export type VerifiedGraph = {
  readonly file: string;
  /** "generator", or "decoder (ada/full)". */
  readonly name: string;
  /** The largest difference from the golden run (absolute), and the tensor that has it; absent without a golden run. */
  readonly golden?: { readonly error: number; readonly tensor: string; readonly tolerance: number } | undefined;
};

/** What {@link verifyPack} found; it throws at the first thing that is wrong. */
export type VerifyReport = {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
  readonly files: number;
  readonly bytes: number;
  readonly backend: string;
  readonly graphs: readonly VerifiedGraph[];
};

/**
 * Checks a whole pack: the schemas, the length and hash of every file that is named, the names and shapes of every graph, and
 * one golden run of every stage and of every avatar's decoders.
 * @throws EchoError with the codes of docs/pack.md at the first failure, before any frame is made
 */
export async function verifyPack(
  pack: string | URL | PackSource,
  options: VerifyPackOptions = {},
): Promise<VerifyReport> {
  checkKeys(options, "options", ["golden", "backend", "assets", "signal", "onProgress"]);
  const { golden = true, backend = "auto", assets, signal, onProgress } = options;
  const loaded = await loadPack(pack, { signal });
  const files = listFiles(loaded);
  const graphs = listGraphs(loaded);
  const checked = new Map<string, number>();
  const begin = ({ file, bytes }: FileEntry) => {
    signal?.throwIfAborted();
    onProgress?.({ file, done: checked.size, total: files.length + 2 * graphs.length });
    checked.set(file, bytes);
  };
  for (const { entry, read } of files) {
    begin(entry);
    await read(signal);
  }
  const verified: VerifiedGraph[] = [];
  const runtime = await openRuntime({ backend, assets });
  try {
    for (const graph of graphs) {
      begin(graph.entry);
      begin(graph.entry.golden);
      verified.push(await checkGraph({ runtime, pack: loaded, graph, run: golden, signal }));
    }
  } finally {
    await runtime.dispose();
  }
  const { name, version } = loaded.manifest;
  const bytes = [...checked.values()].reduce((sum, size) => sum + size, 0);
  return { name, version, hash: loaded.hash, files: checked.size, bytes, backend: runtime.backend, graphs: verified };
}

type Read<Result> = (signal?: AbortSignal) => Promise<Result>;
type NamedFile = { readonly entry: FileEntry; readonly read: Read<unknown> };
type NamedGraph = {
  readonly name: string;
  readonly entry: FileEntry & { readonly golden: GoldenEntry };
  /** The manifest that names it. */
  readonly usedBy: string;
  readonly read: Read<GraphSource>;
  /** Inputs that the golden run need not repeat: the avatar's appearance. */
  readonly readGiven?: Read<Record<string, Tensor>> | undefined;
};

/** Every file that is no graph and no golden run. */
function listFiles(pack: Pack): NamedFile[] {
  const { manifest } = pack;
  const vocabulary = { entry: manifest.text.vocabulary, read: (signal?: AbortSignal) => pack.readVocabulary(signal) };
  const ofAvatars = manifest.avatars.flatMap((id): NamedFile[] => {
    const { reference, appearance } = pack.avatar(id);
    return [
      { entry: reference, read: (signal) => pack.read(reference, `avatars/${id}/avatar.json`, signal) },
      { entry: appearance, read: (signal) => pack.readAppearance(id, signal) },
    ];
  });
  return [vocabulary, ...ofAvatars];
}

function listGraphs(pack: Pack): NamedGraph[] {
  const { manifest } = pack;
  const stages = STAGE_NAMES.map((name): NamedGraph => {
    const entry = manifest.behaviour[name];
    return { name, entry, usedBy: "manifest.json", read: (signal) => pack.readStage(name, signal) };
  });
  const decoders = manifest.avatars.flatMap((id) =>
    Object.entries(pack.avatar(id).decoders).map(([variant, entry]): NamedGraph => {
      const usedBy = `avatars/${id}/avatar.json`;
      const read: Read<GraphSource> = (signal) => pack.readDecoder(id, variant, signal);
      const readGiven: Read<Record<string, Tensor>> = (signal) => pack.readAppearance(id, signal);
      return { name: `decoder (${id}/${variant})`, entry, usedBy, read, readGiven };
    }),
  );
  return [...stages, ...decoders];
}

async function checkGraph(task: {
  runtime: Runtime;
  pack: Pack;
  graph: NamedGraph;
  run: boolean;
  signal: AbortSignal | undefined;
}): Promise<VerifiedGraph> {
  const { runtime, pack, graph, run, signal } = task;
  const { file, golden } = graph.entry;
  const source = await graph.read(signal);
  const recorded = parseSafetensors(await pack.read(golden, graph.usedBy, signal), golden.file);
  const session = await runtime.createSession(source);
  try {
    if (!run) return { file, name: graph.name };
    const given = (await graph.readGiven?.(signal)) ?? {};
    const inputs = pick(recorded, "in.", Object.keys(source.inputs), golden.file, given);
    const expected = pick(recorded, "out.", Object.keys(source.outputs), golden.file);
    const worst = compare(await session.run(inputs), expected);
    const { tolerance } = golden;
    if (!(worst.error <= tolerance)) {
      const { tensor, error } = worst;
      throw new EchoError("pack-golden-mismatch", { file, tensor, error: error.toPrecision(3), tolerance });
    }
    return { file, name: graph.name, golden: { ...worst, tolerance } };
  } finally {
    await session.dispose();
  }
}

/** The recorded tensors under a prefix, exactly those that the graph has; what was not recorded comes from `given`. */
function pick(
  recorded: Record<string, Tensor>,
  prefix: string,
  names: readonly string[],
  file: string,
  given: Record<string, Tensor> = {},
) {
  const picked: Record<string, Tensor> = {};
  for (const name of names) {
    const tensor = recorded[prefix + name] ?? given[name];
    if (tensor === undefined) throw new EchoError("pack-file-corrupt", { file, reason: `it lacks ${prefix}${name}` });
    picked[name] = tensor;
  }
  return picked;
}

/** The largest absolute difference over all tensors; infinite where a shape or type differs. */
function compare(found: Record<string, Tensor>, expected: Record<string, Tensor>): { error: number; tensor: string } {
  let worst = { error: 0, tensor: Object.keys(expected)[0]! };
  for (const [tensor, want] of Object.entries(expected)) {
    const got = found[tensor];
    let error = 0;
    if (got?.dtype !== want.dtype || String(got.shape) !== String(want.shape)) error = Infinity;
    else if (tensor === "rgba") error = pictureError(rgbaBytes(got), rgbaBytes(want));
    else error = largestError(got.data, want.data);
    if (!(error <= worst.error)) worst = { error, tensor };
  }
  return worst;
}

function largestError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let error = 0;
  for (let i = 0; i < want.length; i++) error = Math.max(error, Math.abs(got[i]! - want[i]!)); // NaN stays NaN
  return error;
}

/**
 * Root mean square over all values of RGBA pictures, in levels of 0..255. Colour counts as far as it is seen (straight alpha: where
 * nothing is seen it may be anything), and one pixel that turns over at an edge is no failure.
 */
export function pictureError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < want.length; i++) {
    const seen = i % 4 === 3 ? 1 : Math.max(got[i | 3]!, want[i | 3]!) / 255;
    sum += ((got[i]! - want[i]!) * seen) ** 2;
  }
  return Math.sqrt(sum / want.length);
}
