import { expect, it } from "vitest";
import { type AgentState, AgentStateMachine } from "./agent-state.js";

const walk = (...states: AgentState[]): AgentState[] => {
  const seen: AgentState[] = [];
  const machine = new AgentStateMachine(({ to }) => seen.push(to));
  for (const state of states) machine.move(state);
  return seen;
};

it("walks through a life", () => {
  const life = ["loading", "listening", "speaking", "degraded", "speaking", "listening", "disposed"] as const;
  expect(walk(...life)).toEqual(life);
  expect(walk("loading", "loading", "failed", "disposed")).toEqual(["loading", "failed", "disposed"]);
});

it("refuses what is no move", () => {
  expect(() => walk("listening")).toThrow("an agent cannot go from idle to listening");
  expect(() => walk("loading", "failed", "listening")).toThrow("from failed to listening");
  expect(() => walk("disposed", "loading")).toThrow("from disposed to loading");
});
