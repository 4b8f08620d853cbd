import { describe, expect, it } from "vitest";
import { canonicalCodes, codeLengths } from "./prefix-code.js";
import { writeWebp } from "./webp-writer.js";

/** Bits as a decoder of WebP reads them. */
class BitReader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) value |= ((this.#bytes[this.#at >> 3]! >> (this.#at & 7)) & 1) << i;
    return value;
  }
}

/** Reads one prefix code as RFC 9649 sec. 3.7.2 describes it; of codes of lengths only the one that the writer uses. */
function readCode(bits: BitReader, symbols: number): () => number {
  if (bits.take(1) === 1) {
    expect(bits.take(1)).toBe(0);
    const lone = bits.take(bits.take(1) === 1 ? 8 : 1);
    return () => lone;
  }
  const ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
  const lengthLengths = new Uint8Array(19);
  for (const symbol of ORDER.slice(0, bits.take(4) + 4)) lengthLengths[symbol] = bits.take(3);
  expect(bits.take(1)).toBe(0);
  const readLength = reader(bits, lengthLengths);
  return reader(
    bits,
    Uint8Array.from({ length: symbols }, () => readLength()),
  );
}

function reader(bits: BitReader, lengths: Uint8Array): () => number {
  const codes = canonicalCodes(lengths);
  const table = new Map([...lengths.keys()].map((symbol) => [`${lengths[symbol]} ${codes[symbol]}`, symbol]));
  return () => {
    let code = 0;
    for (let length = 1; length <= 15; length++) {
      code |= bits.take(1) << (length - 1);
      const symbol = table.get(`${length} ${code}`);
      if (symbol !== undefined) return symbol;
    }
    throw new Error("no such code");
  };
}

/** A decoder of what the writer may write, by the RFC. */
function readWebp(file: Uint8Array): { width: number; height: number; rgba: Uint8ClampedArray } {
  const view = new DataView(file.buffer);
  expect(new TextDecoder().decode(file.subarray(0, 4))).toBe("RIFF");
  expect(view.getUint32(4, true)).toBe(file.length - 8);
  expect(new TextDecoder().decode(file.subarray(8, 16))).toBe("WEBPVP8L");
  expect(Math.abs(file.length - 20 - view.getUint32(16, true))).toBeLessThan(2);
  const bits = new BitReader(file.subarray(20));
  expect(bits.take(8)).toBe(0x2f);
  const [width, height] = [bits.take(14) + 1, bits.take(14) + 1];
  expect(bits.take(4)).toBe(1);
  expect([bits.take(1), bits.take(2)]).toEqual([1, 2]);
  expect([bits.take(1), bits.take(2), bits.take(3), bits.take(1)]).toEqual([1, 0, 7, 0]);
  const predictor = [280, 256, 256, 256, 40].map((symbols) => readCode(bits, symbols)())[0];
  expect(predictor).toBe(12);
  expect([bits.take(1), bits.take(1), bits.take(1)]).toEqual([0, 0, 0]);
  const [green, red, blue, alpha, distance] = [280, 256, 256, 256, 40].map((symbols) => readCode(bits, symbols));
  const left: number[][] = [];
  while (left.length < width * height) {
    const symbol = green!();
    if (symbol < 256) {
      left.push([red!(), symbol, blue!(), alpha!()]);
      continue;
    }
    const prefix = symbol - 256;
    const extra = (prefix - 2) >> 1;
    const length = prefix < 4 ? prefix + 1 : ((2 + (prefix & 1)) << extra) + bits.take(extra) + 1;
    expect(distance!()).toBe(1); // the pixel to the left
    for (let i = 0; i < length; i++) left.push(left.at(-1)!);
  }
  const rgba = new Uint8ClampedArray(4 * width * height);
  const plain: number[][] = [];
  left.forEach((residual, p) => {
    const [x, y] = [p % width, Math.floor(p / width)];
    const at = (dx: number, dy: number) => plain[p - dx - dy * width]!;
    const pixel = residual.map((value, c) => {
      let foretold = c === 3 ? 255 : 0;
      if (x > 0 && y > 0) foretold = Math.min(255, Math.max(0, at(1, 0)[c]! + at(0, 1)[c]! - at(1, 1)[c]!));
      else if (p > 0) foretold = (x > 0 ? at(1, 0) : at(0, 1))[c]!;
      return (value + foretold) & 255;
    });
    plain.push(pixel);
    const [r, g, b, a] = pixel as [number, number, number, number];
    rgba.set([(r + g) & 255, g, (b + g) & 255, a], 4 * p);
  });
  return { width, height, rgba };
}

const picture = (width: number, height: number, value: (x: number, y: number, channel: number) => number) =>
  Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) =>
    value((i >> 2) % width, Math.floor((i >> 2) / width), i & 3),
  );

describe("lossless WebP", () => {
  it.each([
    ["one pixel", 1, 1, () => 77],
    ["one colour, longer than a run may be", 70, 70, (_x: number, _y: number, c: number) => 200 + c],
    ["a slope, under every alpha", 64, 48, (x: number, y: number, c: number) => (c === 3 ? 4 * x : 3 * x + 2 * y + c)],
    ["noise", 33, 17, (x: number, y: number, c: number) => (x * 7_919 + y * 104_729 + c * 15_485_863) % 251],
    ["a disc", 40, 40, (x: number, y: number, c: number) => ((x - 20) ** 2 + (y - 20) ** 2 < 300 ? 90 + 9 * c + x : 0)],
  ])("holds %s exactly", (_, width, height, value) => {
    const rgba = picture(width, height, (x, y, c) => value(x, y, c) & 255);
    const back = readWebp(writeWebp(rgba, { width, height }));
    expect([back.width, back.height, Buffer.from(back.rgba).equals(Buffer.from(rgba))]).toEqual([width, height, true]);
  });
});

describe("prefix codes", () => {
  it("are shortest for what is frequent, complete, and never longer than 15 bits", () => {
    expect([...codeLengths(Uint32Array.from([8, 4, 2, 1, 1, 0]))]).toEqual([1, 2, 3, 4, 4, 0]);
    const fibonacci = [1, 1];
    while (fibonacci.length < 30) fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!);
    const lengths = codeLengths(Uint32Array.from(fibonacci)); // by itself 29 bits long
    expect(Math.max(...lengths)).toBeLessThanOrEqual(15);
    expect(lengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
    expect(new Set([...canonicalCodes(lengths)].map((code, i) => `${lengths[i]} ${code}`)).size).toBe(30);
  });
});
