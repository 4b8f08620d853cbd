import type { EchoAgent } from "echo-head";
import type { ReadoutRow } from "./readout.js";

/** The agent's figures in plain words. @param shownFps frames that reached the screen, a second */
export function statsRows(agent: EchoAgent, shownFps: number): ReadoutRow[] {
  const stats = agent.stats();
  return [
    ["Frames shown", `${shownFps.toFixed(1)} of 25 a second`],
    ["Backend", agent.backend],
    ["State", agent.state],
    ["Time per block", "-"],
    ["Dropped", String(stats)],
  ];
}
