import { nodeModule } from "../base/node-modules.js";
import type { PackSource } from "../protocol/backend.js";

/** How far the reading of one file is. */
export type ReadProgress = { readonly file: string; readonly loadedBytes: number; readonly totalBytes: number };

/** Options of {@link PackReader.read}. */
export type ReadOptions = {
  /** The hash of the expected content; lets a browser keep the file. */
  readonly sha256?: string | undefined;
  readonly totalBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
};

/** Reads files of a pack by their names. */
export interface PackReader {
  /** The folder or address, for messages. */
  readonly where: string;
  /** The content, not yet checked; undefined when there is no such file. Rejects with what went wrong otherwise. */
  read(file: string, options?: ReadOptions): Promise<Uint8Array | undefined>;
}

/** The reader for a place. */
export function createReader(source: PackSource): PackReader {
  return "folder" in source ? new FolderReader(source.folder) : new UrlReader(source.url);
}

class FolderReader implements PackReader {
  readonly where: string;

  constructor(folder: string) {
    this.where = folder;
  }

  async read(file: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const fs = nodeModule("node:fs/promises");
    const path = nodeModule("node:path");
    if (!fs || !path) throw new Error("a folder can be read in Node only");
    try {
      // A Buffer's slice() shares memory where a Uint8Array's copies, so callers get the latter.
      const { buffer, byteOffset, length } = await fs.readFile(path.join(this.where, file), { signal: options.signal });
      const bytes = new Uint8Array(buffer, byteOffset, length);
      options.onProgress?.({ file, loadedBytes: bytes.length, totalBytes: options.totalBytes ?? bytes.length });
      return bytes;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    }
  }
}

/** Bump when what is kept changes its form. */
const CACHE_NAME = "echo-head-packs-1";

class UrlReader implements PackReader {
  readonly where: string;

  constructor(url: string) {
    this.where = url;
  }

  async read(file: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const { sha256, totalBytes, signal, onProgress } = options;
    const cache = sha256 === undefined ? undefined : await openCache();
    // The key is the content's hash: the same file of two packs is kept once, a changed file is never mixed up.
    const key = `https://echo-head.invalid/${sha256}`;
    const kept = await cache?.match(key).catch(() => undefined);
    if (kept !== undefined) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      onProgress?.({ file, loadedBytes: bytes.length, totalBytes: bytes.length });
      return bytes;
    }
    const response = await fetch(new URL(file, this.where), signal === undefined ? {} : { signal });
    if (response.status === 404 || response.status === 410) return undefined;
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const bytes = await readBody(response, totalBytes, (loadedBytes, total) =>
      onProgress?.({ file, loadedBytes, totalBytes: total }),
    );
    await cache?.put(key, new Response(bytes as Uint8Array<ArrayBuffer>)).catch(() => {}); // full or forbidden: go on without
    return bytes;
  }
}

/** Forgets one kept file, as when its content turns out to be damaged. */
export async function forgetKept(sha256: string): Promise<void> {
  await (await openCache())?.delete(`https://echo-head.invalid/${sha256}`).catch(() => false);
}

async function openCache(): Promise<Cache | undefined> {
  return await globalThis.caches?.open(CACHE_NAME).catch(() => undefined);
}

async function readBody(
  response: Response,
  expectedBytes: number | undefined,
  onProgress: (loadedBytes: number, totalBytes: number) => void,
): Promise<Uint8Array> {
  const total = expectedBytes ?? Number(response.headers.get("content-length") ?? 0);
  const parts: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    loaded += part.value.length;
    if (expectedBytes !== undefined && loaded > expectedBytes) {
      await reader?.cancel();
      throw new Error(`it is longer than the ${expectedBytes} bytes that the manifest says`);
    }
    parts.push(part.value);
    onProgress(loaded, Math.max(total, loaded));
  }
  const bytes = new Uint8Array(loaded);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
