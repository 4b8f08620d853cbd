import type { EchoAgent, UserView } from "echo-head";
import type { AvOffset } from "./av-offset.js";
import { RUNGS } from "./ladder.js";
import type { ReadoutRow } from "./readout.js";

/** A block of four frames at 25 fps, ms. */
export const BLOCK_MS = 160;

/**
 * The agent's figures in plain words.
 * @param shownFps frames that reached the screen, a second
 */
export function statsRows(agent: EchoAgent, shownFps: number, offset: AvOffset | null): ReadoutRow[] {
  const { blockMs, leadMs, firstFrameMs, droppedFrames, skippedBlocks } = agent.stats();
  return [
    ["Frames shown", `${shownFps.toFixed(1)} of 25 a second`],
    ["Pictures", RUNGS[agent.quality][1]],
    ["Lips against voice", offset === null ? "no frame yet" : offsetInWords(offset)],
    ["A block of 160 ms", `${blockMs.p50.toFixed(0)} ms, 95 % under ${blockMs.p95.toFixed(0)}`],
    // From what the head hears to the first frame that can show it: the block that hears it, and the lead of the next.
    ["Reacts within", `${(leadMs + BLOCK_MS).toFixed(0)} ms`],
    ["First frame after", `${(firstFrameMs / 1000).toFixed(1)} s`],
    ["Frames left out", String(droppedFrames + 4 * skippedBlocks)],
    ["You", `${viewInWords(agent.user.view)}${agent.user.speaking ? ", speaking" : ""}`],
  ];
}

function offsetInWords({ medianMs, worstMs }: AvOffset): string {
  const side = (ms: number) => `${Math.abs(ms).toFixed(0)} ms ${ms < 0 ? "before" : "after"}`;
  return `${side(medianMs)}, worst ${side(worstMs)}`;
}

function viewInWords({ status, faces }: UserView): string {
  if (status === "off") return "not looked at";
  if (status === "dark") return "too dark to see";
  if (status === "nobody") return "nobody in view";
  return faces > 1 ? "more than one in view" : "in view";
}
