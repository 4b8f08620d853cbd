import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { liveLines } from "../../bench/live/live-page.js";
import type { LiveResults, SetupReport } from "../../bench/live/main.js";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
const results = JSON.parse(read("bench/results/live.json")) as LiveResults;

it("the figures of real time in docs/benchmarks.md are those of bench/results/live.json: `node bench/live/run.mjs --page-only`", () => {
  expect(read("docs/benchmarks.md")).toContain(liveLines(results).join("\n"));
});

it("what was not measured is a dash, and an A/V offset without a correlation is not told", () => {
  const { wasm } = results as { wasm: SetupReport };
  const outside = { ...wasm.outside!, avOffsetMs: 80, avCorrelation: 0.2 };
  const row = (report: SetupReport, name: string) =>
    liveLines({ wasm: report }).find((line) => line.startsWith(`| ${name}`));
  expect(row({ ...wasm, outside }, "A/V")).toMatch(/\| - \|$/);
  expect(row({ ...wasm, outside: { ...outside, avCorrelation: 0.6 } }, "A/V")).toMatch(/\| 80 \(r 0\.60\) \|$/);
  const { outside: _, ...blind } = wasm;
  expect(row(blind, "first frame")).toMatch(/\| \d+ \| - \|$/);
  expect(liveLines({})).toEqual([]);
});
