import { writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { encode } from "fast-png";
import { EchoError, reasonOf } from "../base/errors.js";
import type { FrameSink, Picture } from "./frame-sink.js";

/** Digits of a frame number: enough for 11 hours at 25 fps, so that names sort by time. */
const DIGITS = 6;

/** Name of picture `index` of a sequence: `head.png` gives `head-000000.png`, `head-%04d.png` gives `head-0000.png`. */
export function sequenceName(target: string, index: number): string {
  const name = basename(target);
  const pattern = /%(?:0(\d))?d/.exec(name);
  if (pattern !== null) return name.replace(pattern[0], String(index).padStart(Number(pattern[1] ?? 1), "0"));
  const extension = extname(name);
  return `${name.slice(0, name.length - extension.length)}-${String(index).padStart(DIGITS, "0")}${extension}`;
}

/** Writes each picture as an RGBA PNG with straight alpha into a folder. */
export class PngSink implements FrameSink {
  readonly #folder: string;
  readonly #target: string;
  #count = 0;

  /** Files go into `folder`, under the names that {@link sequenceName} makes of `target`. */
  constructor(options: { folder: string; target: string }) {
    this.#folder = options.folder;
    this.#target = options.target;
  }

  async add({ rgba, width, height }: Picture): Promise<void> {
    const file = join(this.#folder, sequenceName(this.#target, this.#count));
    try {
      const png = encode({ width, height, data: new Uint8Array(rgba), channels: 4, depth: 8 });
      await writeFile(file, png);
    } catch (cause) {
      throw new EchoError("encode-failed", { file: this.#target, reason: reasonOf(cause), cause });
    }
    this.#count += 1;
  }

  async finish(): Promise<void> {}

  async cancel(): Promise<void> {}
}
