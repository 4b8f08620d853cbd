import { encode, Decoder as MsgpackDecoder } from "@msgpack/msgpack";
import { EchoError } from "../../base/errors.js";

/** A packet of socket.io (its protocol version 5): what one websocket frame holds, as MessagePack. */
type Packet = { readonly type: number; readonly nsp: string; readonly data?: unknown; readonly id?: number };

const CONNECT = 0;
const DISCONNECT = 1;
const EVENT = 2;
const ACK = 3;
const CONNECT_ERROR = 4;
/** Elements of one list and keys of one object; a message has at most 25 earlier blocks. */
const MAX_LENGTH = 64;
/** Tokens are the longest texts. */
const MAX_TEXT = 4_096;

/**
 * A parser for socket.io that speaks MessagePack and believes nothing: every length is bounded before memory is taken for it. The bytes
 * are those of socket.io-msgpack-parser, whose decoder (notepack.io) reserves as much memory as a five-byte header asks for.
 */
export function createPacketParser(maxBytes: number): { Encoder: new () => object; Decoder: new () => object } {
  return {
    Encoder: PacketEncoder,
    Decoder: class extends PacketDecoder {
      constructor() {
        super(maxBytes);
      }
    },
  };
}

class PacketEncoder {
  encode(packet: Packet): Uint8Array[] {
    return [encode(packet, { ignoreUndefined: true })];
  }
}

/** Gives each packet to the listeners of "decoded"; throws for whatever is none. */
class PacketDecoder {
  readonly #maxBytes: number;
  readonly #decoder: MsgpackDecoder;
  readonly #listeners = new Set<(packet: Packet) => void>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#decoder = new MsgpackDecoder({
      maxStrLength: MAX_TEXT,
      maxBinLength: maxBytes,
      maxArrayLength: MAX_LENGTH,
      maxMapLength: MAX_LENGTH,
      maxExtLength: 0,
    });
  }

  on(_event: "decoded", listener: (packet: Packet) => void): this {
    this.#listeners.add(listener);
    return this;
  }

  off(_event: "decoded", listener: (packet: Packet) => void): this {
    this.#listeners.delete(listener);
    return this;
  }

  removeListener(event: "decoded", listener: (packet: Packet) => void): this {
    return this.off(event, listener);
  }

  add(data: unknown): void {
    if (typeof data === "string") throw invalid("must be binary");
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Uint8Array);
    if (bytes.byteLength > this.#maxBytes)
      throw new EchoError("message-too-large", { bytes: bytes.byteLength, limit: this.#maxBytes });
    let packet: unknown;
    try {
      packet = this.#decoder.decode(bytes);
    } catch {
      throw invalid("must be MessagePack within the limits");
    }
    if (!isPacket(packet)) throw invalid("must be a packet of socket.io");
    for (const listener of [...this.#listeners]) listener(packet);
  }

  destroy(): void {}
}

/** Events that socket.io keeps for itself: its listeners must not be called from outside. */
const RESERVED = new Set(["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]);

function isPacket(value: unknown): value is Packet {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { type, nsp, data, id } = value as Partial<Record<keyof Packet, unknown>>;
  if (nsp !== "/") return false;
  if (id !== undefined && !(Number.isSafeInteger(id) && (id as number) >= 0)) return false;
  switch (type) {
    case CONNECT:
    case CONNECT_ERROR:
      return data === undefined || data === null || (typeof data === "object" && !Array.isArray(data));
    case DISCONNECT:
      return data === undefined || data === null;
    case EVENT:
      return Array.isArray(data) && typeof data[0] === "string" && !RESERVED.has(data[0]);
    case ACK:
      return Array.isArray(data);
    default:
      return false;
  }
}

function invalid(rule: string): EchoError {
  return new EchoError("message-invalid", { event: "packet", path: "message", rule });
}
