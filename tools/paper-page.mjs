/**
 * Makes docs/paper.md from docs/paper.json (what stands where, and the paper's own numbers) and from results (the pack's figures, bench/results):
 *
 *     node tools/paper-page.mjs            `--check` only compares, with code 1 when the page is out of date
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** @param {string} path @returns {any} */
const readJson = (path) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));

/** Every file that the page names and that does not exist. @returns {string[]} */
export function missingFiles(data = readJson("docs/paper.json")) {
  const rows = [...data.parts, ...data.metrics, ...(data.experiments ?? [])];
  const files = rows.flatMap(({ code, tests }) => [...code, ...tests]);
  return [...new Set(files)].filter((file) => !existsSync(join(ROOT, file)));
}

/** Our figures: those of the pack's card, `tables` of `bench/paper`, and `bench`, the newest CPU result of `echo-head bench`. */
export function readResults() {
  const figures = readJson("models/echo-nano/card/figures.json");
  const manifest = readJson("models/echo-nano/manifest.json");
  const cpuOf = (bench) => bench.results.find((row) => row.backend === "cpu" && typeof row.realTimeFactor === "number");
  const bench = readdirSync(join(ROOT, "bench/results"))
    .filter((name) => /^\d{4}-.*\.json$/.test(name))
    .map((name) => readJson(`bench/results/${name}`))
    .filter(cpuOf) // other parts of bench have other forms
    .sort((a, b) => (a.date < b.date ? -1 : 1))
    .at(-1);
  const cpu = bench && cpuOf(bench);
  const paper = "bench/results/paper.json";
  const tables = existsSync(join(ROOT, paper)) ? readJson(paper) : undefined;
  return { ...figures, tables, bench: cpu, about: { pack: `${manifest.name} ${manifest.version}`, bench } };
}

/** The value at a dotted path; "w/o LPE" and its like are keys. @param {any} results @param {string} path @returns {number | undefined} */
export function valueAt(results, path) {
  let value = results;
  for (const key of path.split(".")) value = value?.[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/**
 * A figure with a star when the 95 % interval of its difference from `full` leaves zero out.
 * @param {any} results @param {string} path "ablations.w/o LPE.rpcc" or "tables.systems.w-o-lpe.lseD"
 */
export function starred(results, path) {
  const value = valueAt(results, path);
  if (value === undefined) return "-";
  const [, row, key] = path.match(/^(.*)\.([^.]+)$/) ?? [];
  const ends = ["0", "1"].map((end) =>
    row === undefined
      ? undefined
      : (valueAt(results, `${row}.${key}Interval.${end}`) ?? valueAt(results, `${row}.differences.${key}.${end}`)),
  );
  const told = ends.every((end) => end !== undefined) && ends[0] * ends[1] > 0;
  return `${figure(value)}${told ? "\\*" : ""}`;
}

/** The page. */
export function pageText(data = readJson("docs/paper.json"), results = readResults()) {
  const lines = [
    "# The paper, part by part",
    "",
    "<!-- Made by `node tools/paper-page.mjs` from docs/paper.json and results. Do not edit: run it again. -->",
    "",
    "ECHO: Towards Emotionally Appropriate and Contextually Aware Interactive Head Generation (Kong et al.). What of it is where, which test holds it, and our figure beside the paper's.",
    "",
    "## Components and equations",
    "",
    table(
      ["paper", "what", "code", "tests", "where ours differs"],
      data.parts.map(({ paper, what, code, tests, differs }) => [paper, what, links(code), links(tests), differs]),
    ),
    "",
    "## Metrics",
    "",
    "Definitions and presets: [eval.md](eval.md). Every vector of `fixtures/metrics/vectors.json` is a test.",
    "",
    table(
      ["metric", "code", "tests"],
      data.metrics.map(({ name, code, tests }) => [name, links(code), links(tests)]),
    ),
    "",
    "## Experiments",
    "",
    `Ours: pack ${results.about.pack}, figures of [its card](../models/echo-nano/CARD.md). A dash: not measured, or not given.`,
    "",
  ];
  for (const { title, code, tests, columns, paper, ours, notComparable } of data.experiments) {
    lines.push(
      `### ${title}`,
      "",
      `Measured by ${links(code)}; tests: ${links(tests)}.`,
      "",
      table(
        ["", ...columns],
        [
          ...Object.entries(paper).map(([name, values]) => [
            `paper: ${name}`,
            ...values.map((value) => value?.toFixed(3) ?? "-"),
          ]),
          ...Object.entries(ours).map(([name, paths]) => [
            `ours: ${name}`,
            ...paths.map((path) => (path ? starred(results, path) : "-")),
          ]),
        ],
      ),
      "",
      ...(Object.keys(ours).some((name) => name.startsWith("w/o"))
        ? [
            "\\* told apart from full: the 95 % interval of the difference, talks drawn with replacement, leaves zero out. FID and FVD have no intervals.",
            "",
          ]
        : []),
      "Not comparable, and why:",
      "",
      ...notComparable.map((reason) => `- ${reason}`),
      "",
    );
  }
  lines.push("## What is not here", "", ...data.absent.map((line) => `- ${line}`), "");
  return lines.join("\n");
}

function links(files) {
  return files.map((file) => `[${file.split("/").at(-1)}](../${file})`).join(", ");
}

function figure(value) {
  if (Math.abs(value) >= 100) return value.toFixed(1);
  return Math.abs(value) >= 0.1 || value === 0 ? value.toFixed(3) : value.toPrecision(2);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function main() {
  const missing = missingFiles();
  for (const file of missing) console.error(`docs/paper.json names ${file}, which is not there`);
  const page = join(ROOT, "docs/paper.md");
  const text = pageText();
  const current = existsSync(page) && readFileSync(page, "utf8") === text;
  if (process.argv.includes("--check"))
    console.log(current ? "docs/paper.md is up to date" : "docs/paper.md is out of date");
  else writeFileSync(page, text);
  if (missing.length > 0 || (process.argv.includes("--check") && !current)) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
