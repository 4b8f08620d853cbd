import { EchoError, reasonOf } from "../../base/errors.js";
import { loadWebCodecs, type WebCodecs } from "../../media/webcodecs.js";
import { VIDEO_FORMATS, type VideoFormat } from "../../protocol/remote.js";
import { CodecEncoder } from "./codec-encoder.js";
import type { CodecFormat } from "./codecs.js";
import { ExactEncoder } from "./exact-pictures.js";
import type { PictureEncoder } from "./picture-encoder.js";

/** What a server can encode, and how. */
export type PictureEncoders = {
  readonly formats: readonly VideoFormat[];
  /** True where the graphics card encodes. */
  readonly hardware: boolean;
  /** An encoder for the first of the formats that works here, on the graphics card unless that is ruled out. @throws EchoError "video-unusable" */
  open(formats: readonly VideoFormat[], options: EncoderOptions): PictureEncoder;
};

/** Size in pixels; `hardware: false` rules the graphics card out. */
export type EncoderOptions = {
  readonly width: number;
  readonly height: number;
  readonly hardware?: boolean | undefined;
};

/** What {@link probeEncoders} looks for. */
export type ProbeOptions = {
  readonly fps: number;
  /** What may be used. @default everything that works */
  readonly allowed?: readonly VideoFormat[] | undefined;
  /** The codecs of this place. @default those of the optional package */
  readonly webcodecs?: WebCodecs | undefined;
};

/** A side that every encoder takes. */
const PROBE_SIZE = 256;
const PROBE_MS = 10_000;

/**
 * Finds out by encoding one picture in each format, on the graphics card where it can. Without the optional package: WebP, PNG and raw.
 * @throws EchoError "video-unusable" when nothing that is allowed works
 */
export async function probeEncoders(options: ProbeOptions): Promise<PictureEncoders> {
  const { fps, allowed = VIDEO_FORMATS } = options;
  const webcodecs = options.webcodecs ?? (await loadWebCodecs("the video").catch(() => undefined));
  const works = async (format: CodecFormat, hardware: boolean) =>
    webcodecs !== undefined && (await probe({ webcodecs, format, fps, hardware }));
  const hasCard = webcodecs?.getHardwareAccelerators().some(({ available }) => available) === true;
  const hardware = hasCard && allowed.includes("avc") && (await works("avc", true));
  const formats: VideoFormat[] = [];
  for (const format of VIDEO_FORMATS.filter((each) => allowed.includes(each)))
    if (!isCodec(format) || (hardware && format === "avc") || (await works(format, false))) formats.push(format);
  if (formats.length === 0)
    throw new EchoError("video-unusable", { reason: `this machine cannot encode ${allowed.join(", ")}` });
  return {
    formats,
    hardware,
    open: (wanted, size) => {
      const even = size.width % 2 === 0 && size.height % 2 === 0;
      const format = wanted.find((candidate) => formats.includes(candidate) && (even || !isCodec(candidate)));
      if (format === undefined) {
        const reason = `the client takes ${wanted.join(", ")}, the server gives ${formats.join(", ")}`;
        throw new EchoError("video-unusable", { reason });
      }
      const { width, height } = size;
      if (!isCodec(format)) return new ExactEncoder(format, { width, height });
      const onCard = hardware && format === "avc" && size.hardware !== false;
      try {
        return new CodecEncoder({ webcodecs: webcodecs!, format, width, height, fps, hardware: onCard });
      } catch (error) {
        throw new EchoError("video-unusable", { reason: reasonOf(error), cause: error });
      }
    },
  };
}

function isCodec(format: VideoFormat): format is CodecFormat {
  return format === "avc" || format === "vp8";
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
