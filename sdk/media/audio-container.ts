import type { FileHandle } from "node:fs/promises";
import { invalidInput } from "./input-file.js";

/**
 * Sizes from here up are what programs write into a WAV header when they stream and do not know the length: ffmpeg
 * 0xffffffff, sox 0x7ffff000 and a little.
 */
const UNKNOWN_LENGTH = 0x7fff_f000;

/**
 * Walks the chunks of a RIFF/WAVE file: the sound must be as long as its header says. Returns the number of samples of each channel.
 * @throws EchoError `input-invalid` when the file ends early or holds no samples
 */
export async function checkWaveLength(file: string, handle: FileHandle, size: number): Promise<number> {
  let blockAlign = 1;
  let long: bigint | undefined; // RF64 and BW64 keep the real length in a ds64 chunk (EBU Tech 3306)
  for (let at = 12; at + 8 <= size; ) {
    const header = await readAt(handle, at, 24);
    const id = header.toString("latin1", 0, 4);
    let length = header.readUInt32LE(4);
    if (id === "fmt " && header.length >= 22) blockAlign = Math.max(1, header.readUInt16LE(20));
    if (id === "ds64" && header.length >= 24) long = header.readBigUInt64LE(16);
    if (id === "data") {
      const unknown = length >= UNKNOWN_LENGTH && long === undefined;
      if (length === 0xffff_ffff && long !== undefined) length = Number(long);
      const present = size - at - 8;
      if (present === 0 || length === 0) throw invalidInput(file, `byte ${at}`, "the recording holds no samples");
      if (!unknown && length > present)
        throw invalidInput(
          file,
          `byte ${size}`,
          `the file is cut off: its header promises ${length} bytes of sound, ${present} are there`,
        );
      return Math.floor((unknown ? present : length) / blockAlign);
    }
    at += 8 + length + (length & 1);
  }
  throw invalidInput(file, `byte ${size}`, 'the file is cut off: it has no "data" chunk');
}

/**
 * An Ogg file must end with a whole page that is marked as the last of its stream (RFC 3533 sec. 6).
 * @throws EchoError `input-invalid` when the end is missing
 */
export async function checkOggEnd(file: string, handle: FileHandle, size: number): Promise<void> {
  const LONGEST_PAGE = 27 + 255 + 255 * 255;
  const from = Math.max(0, size - LONGEST_PAGE);
  const tail = await readAt(handle, from, size - from);
  const at = tail.lastIndexOf("OggS");
  const cut = invalidInput(file, `byte ${size}`, "the file is cut off: the last Ogg page is missing or incomplete");
  if (at < 0 || tail.length < at + 27) throw cut;
  const segments = tail.readUInt8(at + 26);
  if (tail.length < at + 27 + segments) throw cut;
  const body = tail.subarray(at + 27, at + 27 + segments).reduce((sum, length) => sum + length, 0);
  const isLast = (tail.readUInt8(at + 5) & 4) !== 0;
  if (!isLast || tail.length < at + 27 + segments + body) throw cut;
}

/** What the first frame of an MP3 says when an encoder wrote a Xing, Info or LAME tag there. */
export type Mp3Tag = {
  /** Frames of sound that follow the tag. */
  readonly frames: number;
  /** Samples of silence before the sound, the decoder's own 529 not counted. */
  readonly encoderDelay: number;
  /** Samples of silence after the sound. */
  readonly padding: number;
};

/** Where the first frame of an MP3 begins: after an ID3v2 tag, if there is one. */
export async function mp3Start(handle: FileHandle): Promise<number> {
  const start = await readAt(handle, 0, 10);
  if (start.length < 10 || start.toString("latin1", 0, 3) !== "ID3") return 0;
  return 10 + [6, 7, 8, 9].reduce((sum, i) => (sum << 7) | (start.readUInt8(i) & 0x7f), 0);
}

/** Reads the tag, or undefined when there is none. */
export async function readMp3Tag(handle: FileHandle): Promise<Mp3Tag | undefined> {
  const frame = await readAt(handle, await mp3Start(handle), 1024);
  if (frame.length < 192 || frame.readUInt8(0) !== 0xff) return undefined;
  const at = ["Xing", "Info"].map((id) => frame.subarray(0, 64).indexOf(id)).find((place) => place > 0);
  if (at === undefined) return undefined;
  const flags = frame.readUInt32BE(at + 4);
  if ((flags & 1) === 0) return undefined;
  const frames = frame.readUInt32BE(at + 8);
  // After the optional fields come 9 bytes of version and 12 of settings, then delay and padding, 12 bits each.
  const lame = at + 8 + 4 + ((flags & 2) === 0 ? 0 : 4) + ((flags & 4) === 0 ? 0 : 100) + ((flags & 8) === 0 ? 0 : 4);
  const isLame = /^(LAME|Lavc|Lavf|L3\.9)/.test(frame.toString("latin1", lame, lame + 4));
  if (!isLame || frame.length < lame + 24) return { frames, encoderDelay: 0, padding: 0 };
  const packed = frame.readUIntBE(lame + 21, 3);
  return { frames, encoderDelay: packed >> 12, padding: packed & 0xfff };
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}
