import type { Problem } from "./problems.js";

/** The part of a pack's manifest that tells what a page downloads. */
export type PackSummary = {
  readonly name: string;
  readonly avatars: readonly string[];
  readonly defaultAvatar: string;
  readonly behaviour: Readonly<Record<string, { readonly file: string; readonly bytes: number }>>;
};

/** The part of an avatar's file that the picker shows and the progress counts. */
export type AvatarSummary = {
  readonly id: string;
  readonly displayName: string;
  readonly reference: { readonly file: string };
  readonly appearance: { readonly file: string; readonly bytes: number };
  readonly decoders: Readonly<Record<string, { readonly file: string; readonly bytes: number }>>;
};

/** What has come so far, in bytes. */
export type Progress = { readonly loaded: number; readonly total: number };

/** @throws Problem-shaped error with the address when it cannot be had */
export async function fetchBytes(url: string, onBytes?: (count: number) => void): Promise<ArrayBuffer> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new LoadError({ code: "network", text: `${url} could not be reached. Is the server still running?` }, cause);
  });
  if (!response.ok || !response.body) {
    throw new LoadError({
      code: `http-${response.status}`,
      text: `${url} could not be loaded. Stop npm start and start it again.`,
    });
  }
  if (!onBytes) return await response.arrayBuffer();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    chunks.push(read.value as Uint8Array<ArrayBuffer>);
    onBytes(read.value.byteLength);
  }
  return await new Blob(chunks).arrayBuffer();
}

/** A file of the page could not be loaded. */
export class LoadError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.text, { cause });
    this.name = "LoadError";
    this.problem = problem;
  }
}

async function fetchJson<T>(url: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await fetchBytes(url))) as T;
}

/** Reads what the pack holds. @param base URL with a slash at the end */
export async function loadSummary(base: string): Promise<{ pack: PackSummary; avatars: AvatarSummary[] }> {
  const pack = await fetchJson<PackSummary>(`${base}manifest.json`);
  const avatars = pack.avatars.map((id) => fetchJson<AvatarSummary>(`${base}avatars/${id}/avatar.json`));
  return { pack, avatars: await Promise.all(avatars) };
}

/**
 * Brings the files of the behaviour and of one avatar into the browser's cache, so that the workers find them there and
 * the wait can be shown with its size.
 */
export async function warmCache(
  base: string,
  pack: PackSummary,
  avatar: AvatarSummary,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const decoder = Object.values(avatar.decoders)[0];
  const files = [...Object.values(pack.behaviour), avatar.appearance, ...(decoder ? [decoder] : [])];
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let loaded = 0;
  onProgress({ loaded, total });
  const count = (bytes: number) => {
    loaded += bytes;
    onProgress({ loaded, total });
  };
  await Promise.all(files.map(({ file }) => fetchBytes(base + file, count)));
}

/** "12.3 MB" */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
