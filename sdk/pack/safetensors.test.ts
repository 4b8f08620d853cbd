import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseSafetensors, widenFloat16 } from "./safetensors.js";

function file(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

describe("parseSafetensors", () => {
  it("reads what Python's safetensors wrote", () => {
    const bytes = readFileSync(new URL("../../fixtures/tiny-pack/golden/text-encoder.safetensors", import.meta.url));
    const tensors = parseSafetensors(bytes, "text-encoder");
    expect(Object.keys(tensors).sort()).toEqual(["in.ids", "out.emotion"]);
    expect(tensors["in.ids"]).toMatchObject({ dtype: "int32", shape: [1, 24] });
    const mean = (tensors["in.ids"]!.data as Int32Array).reduce((sum, id) => sum + id, 0) / 24;
    expect(tensors["out.emotion"]!.data[0]).toBeCloseTo(mean * 0.1, 5);
  });

  it("reads every type, skips metadata and does not need alignment", () => {
    const data = new Uint8Array([0, 60, 0, 0, 128, 63, 254, 255, 255, 255]);
    const header = {
      __metadata__: { by: "test" },
      a: { dtype: "F16", shape: [1, 1], data_offsets: [0, 2] },
      b: { dtype: "F32", shape: [], data_offsets: [2, 6] },
      c: { dtype: "I32", shape: [1], data_offsets: [6, 10] },
    };
    const { a, b, c } = parseSafetensors(file(header, data), "x");
    expect([a!.data[0], b!.data[0], c!.data[0]]).toEqual([1, 1, -2]);
    expect(b!.shape).toEqual([]);
  });

  it.each([
    ["a file that is too short", new Uint8Array(4)],
    ["a header longer than the file", new Uint8Array([255, 0, 0, 0, 0, 0, 0, 0, 1])],
    ["a header that is not JSON", file("{nope")],
    ["a header that is a list", file([])],
    ["an unknown type", file({ a: { dtype: "BF16", shape: [1], data_offsets: [0, 2] } }, new Uint8Array(2))],
    ["bytes", file({ a: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, new Uint8Array(1))],
    ["data past the end", file({ a: { dtype: "F32", shape: [2], data_offsets: [0, 8] } }, new Uint8Array(4))],
    [
      "offsets that do not fit the shape",
      file({ a: { dtype: "F32", shape: [2], data_offsets: [0, 4] } }, new Uint8Array(4)),
    ],
    ["a negative shape", file({ a: { dtype: "F16", shape: [-1], data_offsets: [0, 2] } }, new Uint8Array(2))],
    ["an entry that is null", file({ a: null })],
  ])("refuses %s", (_, bytes) => {
    expect(() => parseSafetensors(bytes, "bad.safetensors")).toThrow(
      expect.objectContaining({ code: "pack-file-corrupt", message: expect.stringContaining("bad.safetensors") }),
    );
  });
});

it("widens float16", () => {
  const cases: [number, number][] = [
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
  ];
  for (const [bits, value] of cases) expect(widenFloat16(bits)).toBe(value);
  expect(widenFloat16(0x7c00)).toBe(Infinity);
  expect(widenFloat16(0x7e00)).toBeNaN();
});
