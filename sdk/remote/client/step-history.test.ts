import { expect, it } from "vitest";
import { StepHistory } from "./step-history.js";

it("says how many of the steps that are taken back the server has made", () => {
  const history = new StepHistory();
  for (const seq of [1, 2, undefined, 3]) history.add(seq); // one was answered while there was no line
  expect(history.takeBack(2)).toBe(1);
  expect(history.takeBack(1)).toBe(1);
  expect(history.takeBack(3)).toBe(1); // there is only one left
  expect(history.takeBack(1)).toBe(0);
});

it("forgets steps that never arrived, and everything when the session is new", () => {
  const history = new StepHistory();
  for (const seq of [5, 6, 7]) history.add(seq);
  history.settle(6);
  expect(history.takeBack(2)).toBe(1);
  history.settle(0);
  expect(history.takeBack(1)).toBe(0);
});
