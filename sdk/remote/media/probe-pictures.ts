import type { CodecFormat } from "./codecs.js";

/** Side of the probe picture in pixels; packed it has twice the height. */
export const PROBE_SIZE = { width: 16, height: 16 } as const;

/**
 * One black, opaque picture of 16 x 16 in each codec, as {@link CodecEncoder} packs it: what a decoder must give back by itself, without a
 * flush. Written by @napi-rs/webcodecs 1.3.1, x264's message about itself taken out.
 */
const PROBE_PICTURES: Readonly<Record<CodecFormat, string>> = {
  avc: "AAAAAWdkAA2stK0IAAADAAgAAAMBlHihVQAAAAFo7zywAAAAAWWIhAa/7P/CVf/Y9kSiv/PQvV3FQoGIb+E=",
  vp8: "EAIAnQEqEAAgAABHCIWFiIWEiAICAAwN1UD+/6tYj/+fJgA=",
};

/** The bytes of the probe picture. */
export function probePicture(format: CodecFormat): Uint8Array {
  return Uint8Array.from(atob(PROBE_PICTURES[format]), (character) => character.charCodeAt(0));
}
