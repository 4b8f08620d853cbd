import type { EchoAgent, QualityLevel, UserView } from "echo-head";
import type { ReadoutRow } from "./readout.js";

/** A block of four frames at 25 fps, ms. */
const BLOCK_MS = 160;

/** What a rung of the quality ladder means. */
const PICTURES: Readonly<Record<QualityLevel, string>> = {
  full: "one a frame",
  light: "one a frame, light decoder",
  "half-rate": "one for two frames",
  "quarter-rate": "one for four frames",
  "few-steps": "one for four frames, fewer steps",
  "eighth-rate": "one for eight frames, fewer steps",
  "motion-only": "none, motion only",
};

/**
 * The agent's figures in plain words.
 * @param shownFps frames that reached the screen, a second
 * @param affect what the head shows of its mood, in words
 */
export function statsRows(agent: EchoAgent, shownFps: number, affect: string): ReadoutRow[] {
  const { blockMs, leadMs, firstFrameMs, droppedFrames, skippedBlocks } = agent.stats();
  return [
    ["Frames shown", `${shownFps.toFixed(1)} of 25 a second`],
    ["Pictures", PICTURES[agent.quality]],
    ["Backend", `${agent.backend}${crossOriginIsolated ? "" : ", one thread"}`],
    ["State", agent.state],
    ["Affect", affect],
    ["User", `${viewInWords(agent.user.view)}${agent.user.speaking ? ", speaks" : ""}`],
    ["Time for 160 ms", `${blockMs.p50.toFixed(0)} ms, 95 % under ${blockMs.p95.toFixed(0)}`],
    // From what the head hears to the first frame that can show it: the block that hears it, and the lead of the next.
    ["Latency at most", `${(leadMs + BLOCK_MS).toFixed(0)} ms`],
    ["First frame after", `${(firstFrameMs / 1000).toFixed(1)} s`],
    ["Frames left out", String(droppedFrames + 4 * skippedBlocks)],
  ];
}

function viewInWords({ status, faces }: UserView): string {
  if (status === "off") return "not looked at";
  if (status === "dark") return "too dark to see";
  if (status === "nobody") return "nobody in view";
  return faces > 1 ? "more than one in view" : "in view";
}
