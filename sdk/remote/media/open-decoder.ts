import type { VideoFormat } from "../../protocol/remote.js";
import { CodecDecoder, type DecodingCodecs } from "./codec-decoder.js";
import type { CodecFormat } from "./codecs.js";
import { ExactDecoder } from "./exact-pictures.js";
import type { PictureDecoder } from "./picture-encoder.js";
import { PROBE_SIZE, probePicture } from "./probe-pictures.js";
import { WebpDecoder } from "./webp-decoder.js";
import { writeWebp } from "./webp-writer.js";

/** What this side can decode, best first, and how. */
export type PictureDecoders = {
  readonly formats: readonly VideoFormat[];
  open(format: VideoFormat, size: { readonly width: number; readonly height: number }): PictureDecoder;
};

/** A place has the codecs that it has: they are tried once. */
let probed: Promise<PictureDecoders> | undefined;
/** Time for one tiny picture; a decoder that keeps pictures back never gives it. */
const PROBE_MS = 1_500;

/**
 * Finds out by decoding one picture in each format: a decoder that is there but keeps pictures back for later (H.264 in
 * @napi-rs/webcodecs 1.3.1, one picture for each thread) is no use for a live head. PNG and raw always work.
 */
export function probeDecoders(): Promise<PictureDecoders> {
  probed ??= findCodecs().then(probeCodecs);
  return probed;
}

/** The same for codecs of the caller's choice, or none. */
export async function probeCodecs(found: DecodingCodecs | undefined): Promise<PictureDecoders> {
  const usable = found ? await Promise.all((["avc", "vp8"] as const).map((format) => probe(found, format))) : [];
  const webp = (await decodesWebp()) ? (["webp"] as const) : [];
  const formats: readonly VideoFormat[] = [...usable.filter((format) => format !== undefined), ...webp, "png", "raw"];
  return {
    formats,
    open: (format, size) => {
      if (format === "webp" && formats.includes(format)) return new WebpDecoder(size);
      if (format === "png" || format === "raw") return new ExactDecoder(format, size);
      if (!found || !formats.includes(format)) throw new TypeError(`${format} cannot be decoded here`);
      return new CodecDecoder({ codecs: found, format: format as CodecFormat, ...size });
    },
  };
}

/** WebCodecs of the browser, or the optional package of Node; undefined where there is neither (also: pages that are not secure). */
async function findCodecs(): Promise<DecodingCodecs | undefined> {
  const { VideoDecoder, EncodedVideoChunk } = globalThis as Partial<DecodingCodecs>;
  if (VideoDecoder && EncodedVideoChunk) return { VideoDecoder, EncodedVideoChunk };
  if (!("process" in globalThis)) return undefined;
  try {
    // The name is a variable, so that a bundler for browsers does not look for it.
    const name = "@napi-rs/webcodecs";
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as DecodingCodecs;
  } catch {
    return undefined;
  }
}

/** Tries colours under every alpha: a decoder that multiplies by alpha on the way would not give them back. */
async function decodesWebp(): Promise<boolean> {
  if (!("ImageDecoder" in globalThis)) return false;
  const { width, height } = PROBE_SIZE;
  const rgba = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i * 37) % 256);
  try {
    const [back] = await new WebpDecoder(PROBE_SIZE).decode([writeWebp(rgba, { width, height })]);
    return back!.every((value, i) => value === rgba[i]);
  } catch {
    return false;
  }
}

async function probe(codecs: DecodingCodecs, format: CodecFormat): Promise<CodecFormat | undefined> {
  let decoder: CodecDecoder | undefined;
  try {
    decoder = new CodecDecoder({ codecs, format, ...PROBE_SIZE, patienceMs: PROBE_MS });
    const [rgba] = await decoder.decode([probePicture(format)], true);
    // Black and opaque: a wrong range or a lost alpha plane would be seen here.
    const right = rgba!.every((value, i) => (i % 4 === 3 ? value > 250 : value < 5));
    return right ? format : undefined;
  } catch {
    return undefined;
  } finally {
    decoder?.dispose();
  }
}
