import type { VideoFormat } from "../../protocol/remote.js";

/** The formats that are a codec's. */
export type CodecFormat = Extract<VideoFormat, "avc" | "vp8">;

/** What WebCodecs calls them. H.264 constrained baseline, level 4.0: up to 512 x 1024 at 60 pictures a second, and no reordering. */
export const CODEC_STRINGS: Readonly<Record<CodecFormat, string>> = { avc: "avc1.42E028", vp8: "vp8" };
