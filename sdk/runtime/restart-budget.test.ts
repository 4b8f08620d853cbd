import { expect, it } from "vitest";
import { RestartBudget } from "./restart-budget.js";

it("forgives three deaths within an hour, and any number of rare ones", () => {
  let nowMs = 0;
  const budget = new RestartBudget({ nowMs: () => nowMs });
  for (let day = 0; day < 100; day++, nowMs += 86_400_000) {
    budget.spend();
    expect(budget.spent).toBe(false);
  }
  for (const minute of [0, 20, 40]) {
    nowMs += minute * 60_000;
    budget.spend();
    expect(budget.spent).toBe(false);
  }
  nowMs += 60_000; // the first of the three was 61 minutes ago
  budget.spend();
  expect(budget.spent).toBe(false);
});

it("is spent by the fourth death within an hour, until the first of them is an hour old", () => {
  let nowMs = 5;
  const budget = new RestartBudget({ nowMs: () => nowMs });
  for (let i = 0; i < 3; i++, nowMs += 10_000) budget.spend();
  expect(budget.spent).toBe(false);
  budget.spend();
  expect(budget.spent).toBe(true);
  nowMs = 5 + 3_599_999;
  expect(budget.spent).toBe(true);
  nowMs += 1;
  expect(budget.spent).toBe(false);
});

it("can forbid to start again at all", () => {
  const budget = new RestartBudget({ restarts: 0 });
  expect(budget.spent).toBe(false);
  budget.spend();
  expect(budget.spent).toBe(true);
});
