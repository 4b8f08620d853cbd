import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AvatarManifest, FileEntry, PackManifest } from "./types.js";

/** The tiny pack of the repository. Read only. */
export const TINY_PACK = fileURLToPath(new URL("../../fixtures/tiny-pack", import.meta.url));

/** A manifest that a test may spoil. */
export type Editable<T> = T extends object ? { -readonly [Key in keyof T]: Editable<T[Key]> } : T;

/** A copy of the tiny pack that a test may spoil. */
export class PackFiles {
  readonly folder = mkdtempSync(join(tmpdir(), "echo-head-pack-"));

  constructor() {
    cpSync(TINY_PACK, this.folder, { recursive: true });
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  read(file: string): Buffer {
    return readFileSync(this.path(file));
  }

  write(file: string, content: string | Uint8Array): void {
    writeFileSync(this.path(file), content);
  }

  editManifest(change: (manifest: Editable<PackManifest>) => void): void {
    this.#editJson("manifest.json", change);
  }

  editAvatar(id: string, change: (avatar: Editable<AvatarManifest>) => void): void {
    this.#editJson(`avatars/${id}/avatar.json`, change);
  }

  /** Writes a file and puts its new length and hash into its entry. */
  replace(entry: Editable<FileEntry>, content: Uint8Array): void {
    this.write(entry.file, content);
    entry.bytes = content.length;
    entry.sha256 = createHash("sha256").update(content).digest("hex");
  }

  remove(file: string): void {
    rmSync(this.path(file), { recursive: true });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #editJson<Content>(file: string, change: (content: Content) => void): void {
    const content = JSON.parse(this.read(file).toString()) as Content;
    change(content);
    this.write(file, JSON.stringify(content));
  }
}
