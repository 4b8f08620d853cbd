import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EchoError, reasonOf } from "../base/errors.js";
import { locatePack } from "../pack/locate.js";
import type { AvatarManifest, FileEntry } from "../pack/types.js";
import { parseAvatar, parseManifest } from "../pack/validate.js";

/** What {@link addAvatar} did. */
export type AddedAvatar = { readonly id: string; readonly pack: string; readonly replaced: boolean };

/**
 * Copies an avatar folder into a pack and names it in the pack's manifest. The pack is changed last, so a failure leaves it as it was.
 * @param options.replace an avatar of the same id gives way @default false
 * @throws EchoError "input-unreadable", "input-invalid" for the folder, "pack-…" for the pack, "output-unwritable"
 */
export async function addAvatar(options: { folder: string; pack: string; replace?: boolean }): Promise<AddedAvatar> {
  const folder = resolve(options.folder);
  const source = locatePack(options.pack);
  if (!("folder" in source))
    throw new EchoError("pack-not-found", { pack: source.url, reason: "avatars can be added to a folder only" });
  const pack = source.folder;
  const manifestText = await readFile(join(pack, "manifest.json"), "utf8").catch((cause) => {
    throw new EchoError("pack-not-found", { pack, reason: reasonOf(cause), cause });
  });
  const manifest = parseManifest(manifestText);
  const avatar = await readAvatar(folder);
  const file = join(folder, "avatar.json");
  const refuse = (place: string, rule: string) => new EchoError("input-invalid", { file, place, rule });
  try {
    parseAvatar(JSON.stringify(avatar), file, avatar.id, manifest);
  } catch (error) {
    throw refuse("its JSON", reasonOf(error));
  }
  const space = avatar.card?.figures?.motionSpace;
  if (typeof space === "string" && space !== manifest.behaviour["blendshape-head"].sha256)
    throw refuse("card.figures.motionSpace", `must be that of ${manifest.name}: it was fitted to another training`);
  for (const entry of filesOf(avatar)) await checkFile(folder, avatar.id, entry, refuse);
  const replaced = manifest.avatars.includes(avatar.id);
  if (replaced && options.replace !== true)
    throw refuse("id", `must be new to the pack, or --replace given: ${manifest.name} has "${avatar.id}" already`);
  try {
    await install(folder, pack, avatar.id);
    if (!replaced) {
      const content = JSON.parse(manifestText) as { avatars: string[] };
      content.avatars.push(avatar.id);
      const part = join(pack, ".manifest.part");
      const indent = /\n( +)"/.exec(manifestText)?.[1]; // as it was written
      await writeFile(part, `${JSON.stringify(content, undefined, indent)}\n`);
      await rename(part, join(pack, "manifest.json"));
    }
  } catch (cause) {
    throw new EchoError("output-unwritable", { file: pack, reason: reasonOf(cause), cause });
  }
  return { id: avatar.id, pack, replaced };
}

async function readAvatar(folder: string): Promise<AvatarManifest> {
  const file = join(folder, "avatar.json");
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new EchoError("input-unreadable", { file, reason: reasonOf(cause), cause });
  });
  let content: Partial<AvatarManifest> | null;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new EchoError("input-invalid", { file, place: "its JSON", rule: reasonOf(cause), cause });
  }
  if (typeof content?.id !== "string" || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(content.id))
    throw new EchoError("input-invalid", {
      file,
      place: "id",
      rule: "must be small letters, digits and single hyphens",
    });
  return content as AvatarManifest;
}

function filesOf(avatar: AvatarManifest): FileEntry[] {
  return [
    avatar.reference,
    avatar.appearance,
    ...Object.values(avatar.decoders).flatMap((entry) => [entry, entry.golden]),
  ];
}

/** Everything must be in the folder: an avatar that shares a decoder with others of its pack cannot leave it. */
async function checkFile(
  folder: string,
  id: string,
  entry: FileEntry,
  refuse: (place: string, rule: string) => EchoError,
): Promise<void> {
  const home = `avatars/${id}/`;
  if (!entry.file.startsWith(home) || entry.file.includes(".."))
    throw refuse(entry.file, `must be under ${home}, so that the folder is the whole avatar`);
  const path = join(folder, entry.file.slice(home.length));
  const bytes = await readFile(path).catch((cause) => {
    throw new EchoError("input-unreadable", { file: path, reason: reasonOf(cause), cause });
  });
  if (bytes.length !== entry.bytes || createHash("sha256").update(bytes).digest("hex") !== entry.sha256)
    throw refuse(entry.file, "must be the file that avatar.json was written for; its length or SHA-256 differs");
}

async function install(folder: string, pack: string, id: string): Promise<void> {
  await mkdir(join(pack, "avatars"), { recursive: true });
  const part = await mkdtemp(join(pack, "avatars/.part-"));
  try {
    await cp(folder, part, { recursive: true });
    await rm(join(pack, "avatars", id), { recursive: true, force: true });
    await rename(part, join(pack, "avatars", id));
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}
