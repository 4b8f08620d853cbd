import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { liveLines } from "../../bench/live/live-page.js";
import type { LiveResults, SetupReport } from "../../bench/live/main.js";
import { pageFiles } from "../../bench/peers/page.js";

const root = join(import.meta.dirname, "../..");
const results = JSON.parse(readFileSync(join(root, "bench/results/live.json"), "utf8")) as LiveResults;

it("docs/benchmarks.md and its plots are made from bench/results: `npm run docs:figures`", () => {
  const files = pageFiles(root);
  expect(Object.keys(files)).toContain("docs/benchmarks.md");
  for (const [path, text] of Object.entries(files)) expect(readFileSync(join(root, path), "utf8"), path).toBe(text);
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

it("reactions are told with their count and spread, with events that had none and events that do not count", () => {
  const { native } = results as { native: SetupReport };
  const insideMs = { n: 5, p50: 396, p90: 480, p95: 481, p99: 481, max: 481 };
  const none = { n: 0, p50: null, p90: null, p95: null, p99: null, max: null } as unknown as typeof insideMs; // as JSON has it
  const reaction = {
    quality: "quarter-rate",
    smile: { events: 7, spoiled: 1, insideMs, outsideMs: none },
    voice: { events: 8, spoiled: 0, insideMs: none },
  } as const;
  const lines = liveLines({ native: { ...native, reaction } });
  expect(lines).toContain(
    "| reaction to somebody who comes with a smile, at quarter-rate | 396 (481, n 5); none 2, not counted 1 | -; none 7, not counted 1 |",
  );
  expect(lines).toContain("| reaction to a voice, at quarter-rate | -; none 8, not counted 0 | - |");
});
