import { canonicalCodes, codeLengths } from "./prefix-code.js";

/** Each pixel is foretold as left + above - above left, clamped. */
const PREDICTOR = 12;
/** Alphabets of green (and of lengths of runs), red, blue and alpha. */
const ALPHABETS = [280, 256, 256, 256] as const;
const LONGEST_RUN = 4_096;

/**
 * Lossless WebP (RFC 9649), the part of it that a debugger of the wire needs: green subtracted from red and blue, each pixel foretold from
 * its neighbours, runs of equal pixels, one set of prefix codes. Every decoder of WebP reads it.
 *
 * @param rgba u8 [height*width*4], straight alpha
 */
export function writeWebp(rgba: Uint8ClampedArray, { width, height }: { width: number; height: number }): Uint8Array {
  const pixels = residuals(rgba, width);
  const counts = ALPHABETS.map((symbols) => new Uint32Array(symbols));
  forEachToken(
    pixels,
    (channel, symbol) => {
      counts[channel]![symbol]! += 1;
    },
    (run) => {
      counts[0]![256 + lengthPrefix(run).symbol]! += 1;
    },
  );

  const out = new BitWriter(rgba.length);
  out.put(0x2f, 8);
  out.put(width - 1, 14);
  out.put(height - 1, 14);
  out.put(1, 1); // it has alpha
  out.put(0, 3);
  out.put(1 | (2 << 1), 3); // a transform: subtract green
  out.put(1 | (0 << 1), 3); // another: the predictor,
  out.put(7, 3); // in blocks of 512 x 512,
  out.put(0, 1); // whose picture has no colour cache
  for (const symbol of [PREDICTOR, 0, 0, 0xff, 0]) putLoneSymbol(out, symbol); // and is the same everywhere
  out.put(0, 1); // no more transforms
  out.put(0, 2); // no colour cache, one set of codes
  const codes = counts.map((count) => putCode(out, count));
  putLoneSymbol(out, 1); // distances: always the pixel to the left
  forEachToken(
    pixels,
    (channel, symbol) => codes[channel]!(symbol),
    (run) => {
      const { symbol, extra, bits } = lengthPrefix(run);
      codes[0]!(256 + symbol);
      out.put(extra, bits);
    },
  );
  return inRiff(out.bytes());
}

/** What is left of each pixel, u8 [4] in the order green, red, blue, alpha, when green is subtracted and the neighbours have foretold it. */
function residuals(rgba: Uint8ClampedArray, width: number): Uint8Array {
  const plain = new Uint8Array(rgba.length);
  for (let i = 0; i < rgba.length; i += 4) {
    const green = rgba[i + 1]!;
    plain[i] = green;
    plain[i + 1] = rgba[i]! - green;
    plain[i + 2] = rgba[i + 2]! - green;
    plain[i + 3] = rgba[i + 3]!;
  }
  const left = new Uint8Array(rgba.length);
  const row = 4 * width;
  for (let i = 0; i < plain.length; i++) {
    let foretold: number;
    if (i >= row && i % row >= 4) {
      foretold = Math.min(255, Math.max(0, plain[i - 4]! + plain[i - row]! - plain[i - row - 4]!));
    } else if (i >= row) foretold = plain[i - row]!;
    else if (i >= 4) foretold = plain[i - 4]!;
    else foretold = i === 3 ? 255 : 0; // the first pixel: black, opaque
    left[i] = plain[i]! - foretold;
  }
  return left;
}

/** Pixels in order: four symbols for one that stands alone, a run for those that are as the one before. */
function forEachToken(
  pixels: Uint8Array,
  onSymbol: (channel: number, symbol: number) => void,
  onRun: (length: number) => void,
): void {
  const values = new Uint32Array(pixels.buffer);
  for (let p = 0; p < values.length; ) {
    let run = 0;
    while (p > 0 && run < LONGEST_RUN && p + run < values.length && values[p + run] === values[p - 1]) run += 1;
    if (run > 0) onRun(run);
    else for (let channel = 0; channel < 4; channel++) onSymbol(channel, pixels[4 * p + channel]!);
    p += Math.max(run, 1);
  }
}

/** A length of 1..4096 as a symbol and extra bits. */
function lengthPrefix(length: number): { symbol: number; extra: number; bits: number } {
  const value = length - 1;
  if (value < 4) return { symbol: value, extra: 0, bits: 0 };
  const high = 31 - Math.clz32(value);
  const bits = high - 1;
  return { symbol: 2 * high + ((value >> bits) & 1), extra: value & ((1 << bits) - 1), bits };
}

/** Writes a code of one symbol below 256, which then takes no bits. */
function putLoneSymbol(out: BitWriter, symbol: number): void {
  out.put(1, 1); // simple
  out.put(0, 1); // one symbol
  out.put(1, 1); // of eight bits
  out.put(symbol, 8);
}

/** Writes the code for these counts. The result writes one symbol by it. */
function putCode(out: BitWriter, counts: Uint32Array): (symbol: number) => void {
  const used = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  if (used === 1) {
    putLoneSymbol(
      out,
      counts.findIndex((count) => count > 0),
    );
    return () => {};
  }
  const lengths = codeLengths(counts);
  const codes = canonicalCodes(lengths);
  out.put(0, 1); // not simple
  out.put(15, 4); // lengths of all 19 codes of lengths: none for the three that repeat, four bits for 0..15
  for (let i = 0; i < 19; i++) out.put([0, 1, 8].includes(i) ? 0 : 4, 3);
  out.put(0, 1); // a length for every symbol
  const plain = canonicalCodes(new Uint8Array(16).fill(4));
  for (const length of lengths) out.put(plain[length]!, 4);
  return (symbol) => out.put(codes[symbol]!, lengths[symbol]!);
}

/** Bits in order, the lowest of each byte first. */
class BitWriter {
  #bytes: Uint8Array;
  #length = 0;
  #held = 0;
  #count = 0;

  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(expectedBytes + 4_096);
  }

  /** Adds the lowest `count` bits of a value, 0..14 of them or 15 of a code. */
  put(value: number, count: number): void {
    this.#held |= value << this.#count;
    this.#count += count;
    while (this.#count >= 8) {
      if (this.#length === this.#bytes.length) this.#grow();
      this.#bytes[this.#length++] = this.#held;
      this.#held >>>= 8;
      this.#count -= 8;
    }
  }

  bytes(): Uint8Array {
    this.put(0, (8 - this.#count) % 8);
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#bytes.length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

function inRiff(data: Uint8Array): Uint8Array {
  const padded = data.length + (data.length & 1);
  const file = new Uint8Array(20 + padded);
  const view = new DataView(file.buffer);
  const name = (text: string, at: number): void => {
    for (let i = 0; i < 4; i++) file[at + i] = text.charCodeAt(i);
  };
  name("RIFF", 0);
  view.setUint32(4, 12 + padded, true);
  name("WEBP", 8);
  name("VP8L", 12);
  view.setUint32(16, data.length, true);
  file.set(data, 20);
  return file;
}
