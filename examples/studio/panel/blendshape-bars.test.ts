import { ARKIT_BLENDSHAPES } from "echo-head";
import { expect, it } from "vitest";
import { GROUPS, rowsOf } from "./blendshape-bars.js";

it("gives each of the 52 coefficients exactly one bar", () => {
  const shown = GROUPS.flatMap(([, test]) => rowsOf(ARKIT_BLENDSHAPES, test)).flatMap(({ indices }) => indices);
  expect(shown.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 52 }, (_, index) => index));
});

it("pairs left and right", () => {
  const names = ["jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthLeft", "mouthRight"];
  expect(rowsOf(names, /^mouth/)).toEqual([
    { name: "mouthSmile", indices: [1, 2] },
    { name: "mouth", indices: [3, 4] },
  ]);
});
