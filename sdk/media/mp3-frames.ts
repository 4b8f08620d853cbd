import type { FileHandle } from "node:fs/promises";
import { invalidInput } from "./input-file.js";

/** kbit/s by index 1..14, Layer III (ISO/IEC 11172-3 table 2.4.2.3 and 13818-3). */
const BITRATES = {
  mpeg1: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  mpeg2: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;
const RATES_HZ = [44_100, 48_000, 32_000];
const WINDOW_BYTES = 1 << 16;

/** Bytes of the Layer III frame that begins with this header (big-endian), or undefined where no frame begins. */
export function mp3FrameLength(header: number): number | undefined {
  const version = (header >>> 19) & 3; // 0: 2.5, 2: 2, 3: 1
  const bitrate = (header >>> 12) & 15;
  const rate = (header >>> 10) & 3;
  const isLayer3 = ((header >>> 17) & 3) === 1;
  if (header >>> 21 !== 0x7ff || version === 1 || !isLayer3 || bitrate === 0 || bitrate === 15 || rate === 3)
    return undefined;
  const kbps = BITRATES[version === 3 ? "mpeg1" : "mpeg2"][bitrate - 1]!;
  const rateHz = RATES_HZ[rate]! / (version === 3 ? 1 : version === 2 ? 2 : 4);
  return Math.floor(((version === 3 ? 144_000 : 72_000) * kbps) / rateHz) + ((header >>> 9) & 1);
}

/**
 * Walks the frames of an MP3 without a length tag from `start` on: the last one must be whole.
 * @throws EchoError `input-invalid` when the file ends within a frame
 */
export async function checkMp3End(options: {
  file: string;
  handle: FileHandle;
  size: number;
  start: number;
}): Promise<void> {
  const { file, handle, size, start } = options;
  const window = Buffer.alloc(WINDOW_BYTES);
  let windowAt = 0;
  let filled = 0;
  for (let at = start; at + 4 <= size; ) {
    if (at < windowAt || at + 4 > windowAt + filled) {
      windowAt = at;
      filled = (await handle.read(window, 0, WINDOW_BYTES, at)).bytesRead;
      if (filled < 4) return;
    }
    const length = mp3FrameLength(window.readUInt32BE(at - windowAt));
    if (length === undefined) return; // tags at the end, or a gap that the decoder will report
    if (at + length > size)
      throw invalidInput(file, `byte ${size}`, `the file is cut off: its last frame lacks ${at + length - size} bytes`);
    at += length;
  }
}
