import { EchoError, reasonOf } from "../../base/errors.js";
import { loadWebCodecs, type WebCodecs } from "../../media/webcodecs.js";
import type { VideoFormat } from "../../protocol/remote.js";
import { CodecEncoder } from "./codec-encoder.js";
import type { CodecFormat } from "./codecs.js";
import { ExactEncoder } from "./exact-pictures.js";
import type { PictureEncoder } from "./picture-encoder.js";

/** What a server can encode, and how. */
export type PictureEncoders = {
  readonly formats: readonly VideoFormat[];
  /** True where the graphics card encodes. */
  readonly hardware: boolean;
  /** An encoder for the first of the formats that works here. @throws EchoError "video-unusable" */
  open(formats: readonly VideoFormat[], size: { readonly width: number; readonly height: number }): PictureEncoder;
};

/** A side that every encoder takes. */
const PROBE_SIZE = 256;
const PROBE_MS = 10_000;

/** Finds out by encoding one picture in each format, on the graphics card where it can. Without the optional package: PNG and raw. */
export async function probeEncoders(options: { readonly fps: number }): Promise<PictureEncoders> {
  const { fps } = options;
  let webcodecs: WebCodecs | undefined;
  try {
    webcodecs = await loadWebCodecs("the video");
  } catch {
    webcodecs = undefined;
  }
  const works = async (format: CodecFormat, hardware: boolean) =>
    webcodecs !== undefined && (await probe({ webcodecs, format, fps, hardware }));
  const hasCard = webcodecs?.getHardwareAccelerators().some(({ available }) => available) === true;
  const hardware = hasCard && (await works("avc", true));
  const codecs: VideoFormat[] = [];
  for (const format of ["avc", "vp8"] as const)
    if ((hardware && format === "avc") || (await works(format, false))) codecs.push(format);
  const formats = [...codecs, "png", "raw"] as const;
  return {
    formats,
    hardware,
    open: (wanted, size) => {
      const usable = (candidate: VideoFormat) =>
        formats.includes(candidate) &&
        (candidate === "png" || candidate === "raw" || (size.width % 2 === 0 && size.height % 2 === 0));
      const format = wanted.find(usable);
      if (format === undefined) {
        const reason = `the client takes ${wanted.join(", ")}, the server gives ${formats.join(", ")}`;
        throw new EchoError("video-unusable", { reason });
      }
      if (format === "png" || format === "raw") return new ExactEncoder(format, size);
      try {
        return new CodecEncoder({
          webcodecs: webcodecs!,
          format,
          ...size,
          fps,
          hardware: hardware && format === "avc",
        });
      } catch (error) {
        throw new EchoError("video-unusable", { reason: reasonOf(error), cause: error });
      }
    },
  };
}

async function probe(options: { webcodecs: WebCodecs; format: CodecFormat; fps: number; hardware: boolean }) {
  let encoder: CodecEncoder | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    encoder = new CodecEncoder({ ...options, width: PROBE_SIZE, height: PROBE_SIZE });
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), PROBE_MS);
    });
    const picture = new Uint8ClampedArray(PROBE_SIZE * PROBE_SIZE * 4).fill(128);
    const result = await Promise.race([encoder.encode([picture], true), late]);
    return result?.key === true && result.pictures[0]!.length > 0;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    encoder?.dispose();
  }
}
