import { EchoError, reasonOf } from "../base/errors.js";
import { checkKeys } from "../base/option-checks.js";
import type { PackSource } from "../protocol/backend.js";
import { locatePack } from "./locate.js";
import { Pack } from "./pack.js";
import { createReader, type PackReader, type ReadProgress } from "./reader.js";
import { sha256 } from "./sha256.js";
import type { AvatarManifest } from "./types.js";
import { parseAvatar, parseManifest } from "./validate.js";

/** Options of {@link loadPack}. */
export type LoadPackOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Told while files are read, also later ones. */
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
};

/**
 * Opens a model pack: reads and checks manifest.json and every avatar.json. Graphs are read, and their hashes checked, when
 * they are used.
 * @param pack "echo-nano", a folder (Node), or an address
 * @throws EchoError "pack-not-found", "pack-manifest-invalid", "pack-version-unsupported", "pack-file-missing"
 */
export async function loadPack(pack: string | URL | PackSource, options: LoadPackOptions = {}): Promise<Pack> {
  checkKeys(options, "options", ["signal", "onProgress"]);
  const { signal, onProgress } = options;
  const source = locatePack(pack);
  const reader = createReader(source);
  const manifestBytes = await readManifest(reader, signal);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const manifest = parseManifest(decode(manifestBytes));
  const hashed = [manifestBytes];
  const avatars = new Map<string, AvatarManifest>();
  for (const id of manifest.avatars) {
    const file = `avatars/${id}/avatar.json`;
    const bytes = await readOrRefuse(reader, file, signal);
    if (bytes === undefined) throw new EchoError("pack-file-missing", { file, usedBy: "manifest.json" });
    avatars.set(id, parseAvatar(decode(bytes), file, id, manifest));
    hashed.push(bytes);
  }
  return new Pack({ source, reader, manifest, avatars, hash: await hashAll(hashed), onProgress });
}

async function readManifest(reader: PackReader, signal: AbortSignal | undefined): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await reader.read("manifest.json", { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new EchoError("pack-not-found", { pack: reader.where, reason: reasonOf(error), cause: error });
  }
  if (bytes === undefined)
    throw new EchoError("pack-not-found", { pack: reader.where, reason: "there is no manifest.json" });
  return bytes;
}

async function readOrRefuse(reader: PackReader, file: string, signal: AbortSignal | undefined) {
  try {
    return await reader.read(file, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new EchoError("pack-file-corrupt", { file, reason: reasonOf(error), cause: error });
  }
}

/** SHA-256 over the files one after another. They hold the hashes of all others, so it names the whole pack. */
async function hashAll(files: readonly Uint8Array[]): Promise<string> {
  const all = new Uint8Array(files.reduce((sum, file) => sum + file.length, 0));
  let offset = 0;
  for (const file of files) {
    all.set(file, offset);
    offset += file.length;
  }
  return sha256(all);
}
