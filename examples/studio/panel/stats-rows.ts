import type { EchoAgent } from "echo-head";
import type { ReadoutRow } from "./readout.js";

/** A block of four frames at 25 fps, ms. */
const BLOCK_MS = 160;

/**
 * The agent's figures in plain words.
 * @param shownFps frames that reached the screen, a second
 * @param affect what the head shows of its mood, in words
 */
export function statsRows(agent: EchoAgent, shownFps: number, affect: string): ReadoutRow[] {
  const { blockMs, leadMs, firstFrameMs, droppedFrames, skippedBlocks } = agent.stats();
  return [
    ["Frames shown", `${shownFps.toFixed(1)} of 25 a second`],
    ["Backend", `${agent.backend}${crossOriginIsolated ? "" : ", one thread"}`],
    ["State", agent.state],
    ["Affect", affect],
    ["Time for 160 ms", `${blockMs.p50.toFixed(0)} ms, 95 % under ${blockMs.p95.toFixed(0)}`],
    // From what the head hears to the first frame that can show it: the block that hears it, and the lead of the next.
    ["Latency at most", `${(leadMs + BLOCK_MS).toFixed(0)} ms`],
    ["First frame after", `${(firstFrameMs / 1000).toFixed(1)} s`],
    ["Frames left out", String(droppedFrames + 4 * skippedBlocks)],
  ];
}
