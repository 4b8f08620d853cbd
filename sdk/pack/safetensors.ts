import { EchoError, reasonOf } from "../base/errors.js";
import { elementCount, type Tensor } from "../protocol/tensor.js";

type HeaderEntry = { dtype: string; shape: number[]; data_offsets: [number, number] };

const ITEM_BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, I32: 4 };

/**
 * Reads the safetensors format (8 bytes: header length, little endian; a JSON header; the data). F32 and I32 as they
 * are, F16 widened to float32. The result shares no memory with `bytes`.
 * @param file name for messages
 * @throws EchoError "pack-file-corrupt"
 */
export function parseSafetensors(bytes: Uint8Array, file: string): Record<string, Tensor> {
  const corrupt = (reason: string) => new EchoError("pack-file-corrupt", { file, reason });
  if (bytes.length < 8) throw corrupt("it is shorter than the header length");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getBigUint64(0, true);
  if (headerBytes > BigInt(bytes.length - 8)) throw corrupt("its header is longer than the file");
  const dataStart = 8 + Number(headerBytes);
  const tensors: Record<string, Tensor> = {};
  for (const [name, entry] of Object.entries(parseHeader(bytes.subarray(8, dataStart), corrupt))) {
    if (name === "__metadata__") continue;
    tensors[name] = readTensor(entry, name, bytes.subarray(dataStart), corrupt);
  }
  return tensors;
}

function parseHeader(bytes: Uint8Array, corrupt: (reason: string) => EchoError): Record<string, HeaderEntry> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw corrupt(`its header is not JSON: ${reasonOf(error)}`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) throw corrupt("its header is no object");
  return header as Record<string, HeaderEntry>;
}

function readTensor(
  entry: HeaderEntry,
  name: string,
  data: Uint8Array,
  corrupt: (reason: string) => EchoError,
): Tensor {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(whole)) throw corrupt(`the shape of ${name} is invalid`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole)) {
    throw corrupt(`the offsets of ${name} are invalid`);
  }
  const itemBytes = ITEM_BYTES[dtype];
  if (itemBytes === undefined)
    throw corrupt(`${name} has the type ${dtype}; known are ${Object.keys(ITEM_BYTES).join(", ")}`);
  const [start, end] = offsets;
  if (end > data.length || end - start !== elementCount(shape) * itemBytes) {
    throw corrupt(`${name} does not have the bytes that its shape needs`);
  }
  const { buffer } = new Uint8Array(data.subarray(start, end)); // a copy, so that it is aligned (a Node Buffer's slice is none)
  if (dtype === "I32") return { dtype: "int32", shape, data: new Int32Array(buffer) };
  if (dtype === "F32") return { dtype: "float32", shape, data: new Float32Array(buffer) };
  return { dtype: "float32", shape, data: Float32Array.from(new Uint16Array(buffer), widenFloat16) };
}

/** IEEE 754 binary16 bits -> number: sign 1 bit, exponent 5 bits (bias 15), fraction 10 bits. */
export function widenFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
