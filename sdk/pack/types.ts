import type { TensorSpecs } from "../protocol/tensor.js";
import type { StateSpec } from "../runtime/graph-states.js";

/** A file of the pack, named from the pack's root. */
export type FileEntry = { readonly file: string; readonly sha256: string; readonly bytes: number };

/** How a graph stores its weights. */
export type Precision = "float32" | "float16" | "float16-weights";

/** A file of one recorded run and how far a run may be from it (absolute; levels of 0..255 for pictures). */
export type GoldenEntry = FileEntry & { readonly tolerance: number };

/** The stages of the behaviour. */
export const STAGE_NAMES = [
  "audio-encoder",
  "visual-encoder",
  "lpe",
  "phi",
  "gca",
  "text-encoder",
  "generator",
  "blendshape-head",
] as const;
/** One of {@link STAGE_NAMES}. */
export type StageName = (typeof STAGE_NAMES)[number];

/** A graph of the behaviour. */
export type StageEntry = FileEntry & {
  readonly precision: Precision;
  /** 1e9 floating-point operations of one run for one session. */
  readonly gflopPerRun?: number;
  readonly inputs: TensorSpecs;
  readonly outputs: TensorSpecs;
  readonly states?: readonly StateSpec[];
  readonly golden: GoldenEntry;
};

/** A graph that paints. */
export type DecoderEntry = FileEntry & {
  readonly precision: Precision;
  readonly gflopPerFrame?: number;
  readonly inputs: TensorSpecs;
  readonly outputs: TensorSpecs;
  readonly golden: GoldenEntry;
};

/** One motion token: what part of the face it speaks for, and where that is (x, y of the picture, 0..1). */
export type Region = {
  readonly name: string;
  readonly role: "lip" | "face" | "off";
  readonly place: readonly [number, number];
};

/** manifest.json, format version 1. See docs/pack.md. */
export type PackManifest = {
  readonly format: "echo-head-pack";
  readonly formatVersion: 1;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly provenance: {
    readonly summary: string;
    readonly config?: string;
    readonly trainedAt?: string;
    readonly commit?: string;
    readonly data?: readonly string[];
  };
  readonly resolution: { readonly width: number; readonly height: number };
  readonly clock: {
    readonly fps: number;
    readonly sampleRateHz: number;
    readonly samplesPerFrame: number;
    readonly blockFrames: number;
    readonly avatarLookaheadFrames: number;
  };
  readonly tokens: {
    readonly layout: "regions" | "grid";
    readonly count: number;
    readonly width: number;
    readonly regions?: readonly Region[];
  };
  readonly sampler: { readonly method: "euler"; readonly times: readonly number[] };
  readonly limits: {
    readonly historyEntries: number;
    readonly historyBlocksPerEntry: number;
    readonly textTokens: number;
    readonly cacheBlocks: number;
  };
  readonly text: { readonly vocabulary: FileEntry };
  readonly behaviour: Readonly<Record<StageName, StageEntry>>;
  readonly avatars: readonly string[];
  readonly defaultAvatar: string;
};

/** avatar.json, format version 1. See docs/pack.md. */
export type AvatarManifest = {
  readonly format: "echo-head-avatar";
  readonly formatVersion: 1;
  readonly id: string;
  readonly displayName: string;
  readonly licence: string;
  readonly provenance: { readonly summary: string; readonly data?: readonly string[] };
  readonly tokens: { readonly layout: "regions" | "grid"; readonly count: number; readonly width: number };
  readonly resolution: { readonly width: number; readonly height: number };
  readonly reference: FileEntry;
  readonly appearance: FileEntry & { readonly tensors: TensorSpecs };
  /** Variant name -> graph; every avatar has "full". */
  readonly decoders: Readonly<Record<string, DecoderEntry>>;
  readonly card?: { readonly figures?: Readonly<Record<string, unknown>> };
};
