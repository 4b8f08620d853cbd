import { Bundle, encode, Message } from "node-osc";
import type { VmcMessage } from "./vmc-messages.js";

/**
 * The largest bundle that is sent, in bytes. The VMC specification allows 1,500; less the headers of IPv6 (40) and UDP (8) it
 * travels in one Ethernet frame, unfragmented.
 */
export const MAX_PACKET_BYTES = 1_452;

/** "#bundle", its end, and the time tag. */
const BUNDLE_HEADER_BYTES = 16;

/**
 * The messages as OSC bundles of at most `maxBytes`, in order. Several, because 52 expressions alone are 2.6 kB; the receiver
 * applies them with the last message, which comes in the last bundle.
 */
export function bundlesOf(messages: readonly VmcMessage[], maxBytes = MAX_PACKET_BYTES): Uint8Array[] {
  const bundles: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const { address, args } of messages) {
    const message = new Message(address);
    for (const arg of args) message.append(typeof arg === "object" ? { type: "i", value: arg.int } : typed(arg));
    const size = 4 + encode(message).length; // each element has its length before it
    if (bytes + size > maxBytes) {
      bundles.push([]);
      bytes = BUNDLE_HEADER_BYTES;
    }
    bundles.at(-1)!.push(message);
    bytes += size;
  }
  return bundles.map(([first, ...rest]) => encode(new Bundle(first, ...rest)));
}

/** Without a type of its own node-osc writes 0 and 1 as integers, which receivers of floats do not read. */
function typed(arg: string | number) {
  return typeof arg === "string" ? { type: "s", value: arg } : { type: "f", value: arg };
}
