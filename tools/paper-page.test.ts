import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { missingFiles, pageText, starred, valueAt } from "./paper-page.mjs";

it("docs/paper.md is made from docs/paper.json and results: `npm run docs:figures` after a change of either", () => {
  expect(readFileSync(join(import.meta.dirname, "../docs/paper.md"), "utf8")).toBe(pageText());
});

it("every file that it names exists", () => {
  expect(missingFiles()).toEqual([]);
  expect(missingFiles({ parts: [{ code: ["sdk/no-such-file.ts"], tests: [] }], metrics: [] })).toEqual([
    "sdk/no-such-file.ts",
  ]);
});

it("every part, metric and experiment names code and a test; a test is one", () => {
  const { parts, metrics, experiments } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../docs/paper.json"), "utf8"),
  ) as Record<"parts" | "metrics" | "experiments", { code: string[]; tests: string[] }[]>;
  for (const row of [...parts, ...metrics, ...experiments]) {
    expect(row.code.length).toBeGreaterThan(0);
    expect(row.tests.length).toBeGreaterThan(0);
    for (const test of row.tests) {
      expect(test).toMatch(/\.test\.ts$|\/test_[a-z_]+\.py$/);
      expect(readFileSync(join(import.meta.dirname, "..", test), "utf8")).toMatch(
        /expect\(|assert |np\.testing\.|near\(/,
      );
    }
  }
});

it("every equation from 1 to 12 has a row", () => {
  const data = JSON.parse(readFileSync(join(import.meta.dirname, "../docs/paper.json"), "utf8"));
  const named = data.parts.flatMap(({ paper }: { paper: string }) => paper.match(/\d+(?=,|$)/g) ?? []).map(Number);
  for (let equation = 1; equation <= 12; equation++) expect(named).toContain(equation);
});

it("figures are found by path, what is absent is absent", () => {
  expect(valueAt({ "w/o LPE": { sid: 2 } }, "w/o LPE.sid")).toBe(2);
  expect(valueAt({ a: null }, "a.b.c")).toBeUndefined();
});

it("a figure has a star when the interval of its difference leaves zero out, wherever the interval stands", () => {
  const row = { rpcc: 0.5, rpccInterval: [0.01, 0.2], sid: 2, sidInterval: [-0.1, 0.2], mse: 1 };
  const results = { "w/o LPE": row, systems: { x: { lseD: 1.5, differences: { lseD: [-0.3, -0.1] } } } };
  expect(starred(results, "w/o LPE.rpcc")).toBe("0.500\\*");
  expect(starred(results, "w/o LPE.sid")).toBe("2.000");
  expect(starred(results, "w/o LPE.mse")).toBe("1.000");
  expect(starred(results, "systems.x.lseD")).toBe("1.500\\*");
  expect(starred(results, "w/o LPE.none")).toBe("-");
});
