import type { Pack } from "./pack.js";
import { STAGE_NAMES } from "./types.js";

/** What `echo-head pack info` tells. */
export type PackInfo = {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly summary: string;
  readonly hash: string;
  readonly resolution: { readonly width: number; readonly height: number };
  readonly fps: number;
  readonly blockMs: number;
  readonly samplerSteps: number;
  readonly stages: readonly {
    name: string;
    file: string;
    bytes: number;
    precision: string;
    gflopPerRun: number | undefined;
  }[];
  readonly avatars: readonly {
    id: string;
    displayName: string;
    licence: string;
    isDefault: boolean;
    decoders: readonly {
      variant: string;
      file: string;
      bytes: number;
      precision: string;
      gflopPerFrame: number | undefined;
    }[];
  }[];
  /** Everything that the pack needs at run time, each file once. */
  readonly bytes: number;
};

/** Sums up a pack from its manifests; reads no graph. */
export function packInfo(pack: Pack): PackInfo {
  const { manifest } = pack;
  const { clock } = manifest;
  const files = new Map<string, number>([[manifest.text.vocabulary.file, manifest.text.vocabulary.bytes]]);
  const stages = STAGE_NAMES.map((name) => {
    const { file, bytes, precision, gflopPerRun } = manifest.behaviour[name];
    files.set(file, bytes);
    return { name, file, bytes, precision, gflopPerRun };
  });
  const avatars = manifest.avatars.map((id) => {
    const { displayName, licence, decoders, reference, appearance } = pack.avatar(id);
    for (const { file, bytes } of [reference, appearance, ...Object.values(decoders)]) files.set(file, bytes);
    return {
      id,
      displayName,
      licence,
      isDefault: id === manifest.defaultAvatar,
      decoders: Object.entries(decoders).map(([variant, { file, bytes, precision, gflopPerFrame }]) => {
        return { variant, file, bytes, precision, gflopPerFrame };
      }),
    };
  });
  return {
    name: manifest.name,
    version: manifest.version,
    licence: manifest.licence,
    summary: manifest.provenance.summary,
    hash: pack.hash,
    resolution: manifest.resolution,
    fps: clock.fps,
    blockMs: (1000 * clock.blockFrames) / clock.fps,
    samplerSteps: manifest.sampler.times.length,
    stages,
    avatars,
    bytes: [...files.values()].reduce((sum, size) => sum + size, 0),
  };
}
