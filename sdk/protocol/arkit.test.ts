import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ARKIT_BLENDSHAPES, ARKIT_INDEX } from "./arkit.js";

it("lists the 52 names in the order of training/data/arkit.py", () => {
  const python = readFileSync(new URL("../../training/data/arkit.py", import.meta.url), "utf8");
  const names = /ARKIT_NAMES[^(]*\(([\s\S]*?)\n\)/
    .exec(python)?.[1]
    ?.match(/"(\w+)"/g)
    ?.map((n) => n.slice(1, -1));
  expect(names).toHaveLength(52);
  expect([...ARKIT_BLENDSHAPES]).toEqual(names);
});

it("finds a name's place", () => {
  expect(ARKIT_INDEX.jawOpen).toBe(17);
  expect(ARKIT_INDEX.tongueOut).toBe(51);
});
