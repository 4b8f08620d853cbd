import { EchoError, reasonOf } from "../base/errors.js";
import type { PackSource } from "../protocol/backend.js";
import type { Tensor } from "../protocol/tensor.js";
import type { GraphSource } from "../runtime/session.js";
import { forgetKept, type PackReader, type ReadProgress } from "./reader.js";
import { parseSafetensors } from "./safetensors.js";
import { sha256 } from "./sha256.js";
import type { AvatarManifest, FileEntry, PackManifest, StageName } from "./types.js";

/** An opened model pack. Made by `loadPack`; holds no graph in memory. */
export class Pack {
  /** Where it is, in a form that crosses threads. */
  readonly source: PackSource;
  readonly manifest: PackManifest;
  /** SHA-256 over manifest.json and every avatar.json, in the manifest's order: the identity of the whole pack. */
  readonly hash: string;
  readonly #avatars: ReadonlyMap<string, AvatarManifest>;
  readonly #reader: PackReader;
  readonly #onProgress: ((progress: ReadProgress) => void) | undefined;

  /** @internal */
  constructor(parts: {
    source: PackSource;
    reader: PackReader;
    manifest: PackManifest;
    avatars: ReadonlyMap<string, AvatarManifest>;
    hash: string;
    onProgress: ((progress: ReadProgress) => void) | undefined;
  }) {
    this.source = parts.source;
    this.manifest = parts.manifest;
    this.hash = parts.hash;
    this.#avatars = parts.avatars;
    this.#reader = parts.reader;
    this.#onProgress = parts.onProgress;
  }

  /** An avatar of the pack. @param id @default the pack's default avatar @throws EchoError "avatar-not-found" */
  avatar(id: string = this.manifest.defaultAvatar): AvatarManifest {
    const avatar = this.#avatars.get(id);
    if (avatar === undefined) {
      throw new EchoError("avatar-not-found", { avatar: id, known: [...this.#avatars.keys()].join(", ") });
    }
    return avatar;
  }

  /** A file of the pack, its length and hash checked. @throws EchoError "pack-file-missing", "pack-file-corrupt" */
  async read(entry: FileEntry, usedBy = "manifest.json", signal?: AbortSignal): Promise<Uint8Array> {
    const { file, bytes: expectedBytes } = entry;
    const corrupt = (reason: string, cause?: unknown) => new EchoError("pack-file-corrupt", { file, reason, cause });
    let bytes: Uint8Array | undefined;
    let found: string | undefined;
    try {
      bytes = await this.#reader.read(file, {
        sha256: entry.sha256,
        totalBytes: expectedBytes,
        signal,
        onProgress: this.#onProgress,
      });
      if (bytes?.length === expectedBytes) found = await sha256(bytes);
    } catch (error) {
      signal?.throwIfAborted();
      throw corrupt(reasonOf(error), error);
    }
    if (bytes === undefined) throw new EchoError("pack-file-missing", { file, usedBy });
    if (found !== entry.sha256) await forgetKept(entry.sha256);
    if (bytes.length !== expectedBytes) throw corrupt(`it has ${bytes.length} bytes, ${usedBy} says ${expectedBytes}`);
    if (found !== entry.sha256) throw corrupt(`its SHA-256 is ${found}, ${usedBy} says ${entry.sha256}`);
    return bytes;
  }

  /** The graph of a stage. */
  async readStage(name: StageName, signal?: AbortSignal): Promise<GraphSource> {
    const { file, inputs, outputs, ...entry } = this.manifest.behaviour[name];
    return { name, file, inputs, outputs, bytes: await this.read({ ...entry, file }, "manifest.json", signal) };
  }

  /** A decoder graph of an avatar. @param variant @default "full" @throws EchoError "avatar-not-found" for an unknown variant too */
  async readDecoder(avatarId: string, variant = "full", signal?: AbortSignal): Promise<GraphSource> {
    const avatar = this.avatar(avatarId);
    const entry = avatar.decoders[variant];
    if (entry === undefined) {
      const known = Object.keys(avatar.decoders).map((name) => `${avatarId}/${name}`);
      throw new EchoError("avatar-not-found", { avatar: `${avatarId}/${variant}`, known: known.join(", ") });
    }
    const bytes = await this.read(entry, `avatars/${avatarId}/avatar.json`, signal);
    return { name: "decoder", file: entry.file, inputs: entry.inputs, outputs: entry.outputs, stage: "decoder", bytes };
  }

  /** The appearance tensors of an avatar ("identity", "reference_rgba", ...), as avatar.json describes them. */
  async readAppearance(avatarId: string, signal?: AbortSignal): Promise<Record<string, Tensor>> {
    const { appearance } = this.avatar(avatarId);
    const bytes = await this.read(appearance, `avatars/${avatarId}/avatar.json`, signal);
    const tensors = parseSafetensors(bytes, appearance.file);
    for (const [name, spec] of Object.entries(appearance.tensors)) {
      const found = tensors[name];
      if (found === undefined || String(found.shape) !== String(spec.shape)) {
        const reason = `${name} is ${found ? `[${found.shape}]` : "absent"}, avatar.json says [${spec.shape}]`;
        throw new EchoError("pack-file-corrupt", { file: appearance.file, reason });
      }
    }
    return tensors;
  }

  /** The words that the text encoder knows; the index is the id. */
  async readVocabulary(signal?: AbortSignal): Promise<readonly string[]> {
    const entry = this.manifest.text.vocabulary;
    const text = new TextDecoder().decode(await this.read(entry, "manifest.json", signal));
    let words: unknown;
    try {
      words = JSON.parse(text);
    } catch (error) {
      throw new EchoError("pack-file-corrupt", { file: entry.file, reason: reasonOf(error), cause: error });
    }
    if (
      !Array.isArray(words) ||
      words[0] !== "<pad>" ||
      words[1] !== "<unk>" ||
      !words.every((w) => typeof w === "string")
    ) {
      const reason = 'it must be a list of words that begins with "<pad>", "<unk>"';
      throw new EchoError("pack-file-corrupt", { file: entry.file, reason });
    }
    return words as string[];
  }
}
