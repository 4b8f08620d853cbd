import type { EchoFrame } from "../frame/echo-frame.js";
import type { RenderOptions, RenderSummary } from "../render/types.js";

/** The offline renderer, as the commands see it: renderFrames, or a test's own. */
export type RenderFrames = (options: RenderOptions) => AsyncGenerator<EchoFrame, RenderSummary, undefined>;
