import type { GroupFigures } from "../eval/group-figures.js";
import type { MotionReport } from "../eval/motion-report.js";

/** The report as lines for people; the whole of it is in --json. */
export function evalText(report: Record<string, unknown>): string {
  const lines: string[] = [];
  const motion = report.motion as MotionReport | undefined;
  if (motion !== undefined) lines.push(...motionLines(motion));
  const pictures = report.pictures as Record<string, Record<string, unknown>> | undefined;
  for (const [name, figure] of Object.entries(pictures ?? {})) lines.push(...pictureLines(name, figure));
  return `${lines.join("\n")}\n`;
}

function motionLines(motion: MotionReport): string[] {
  const frames = motion.frameCounts.reduce((sum, count) => sum + count, 0);
  const groups = Object.entries(motion.groups) as [string, GroupFigures][];
  const rows: [string, (figures: GroupFigures) => string][] = [
    ["MSE", ({ mse }) => number(mse)],
    ["FD, by sequence", ({ fd }) => number(fd.value)],
    ["FD, pooled", ({ fd }) => number(fd.pooled)],
    ["FD, truth by halves", ({ fd }) => number(fd.splitHalfOfTruth)],
    ["P-FD, by sequence", ({ pfd }) => number(pfd?.value)],
    ["Var", (figures) => number(figures.var.value)],
    ["Var of the truth", (figures) => number(figures.var.truth)],
    ["SID, bits", ({ sid }) => number(sid?.value)],
    ["SID of the truth", ({ sid }) => number(sid?.truth)],
    ["SID / log2 k", ({ sid }) => (sid ? `${number(sid.normalised)} (k ${sid.k})` : "-")],
    ["rPCC", ({ rpcc }) => number(rpcc?.value)],
    ["r truth, r made", ({ rpcc }) => (rpcc ? `${number(rpcc.rTruth)}, ${number(rpcc.rPredicted)}` : "-")],
    ["TLCC lag, truth's", ({ tlcc }) => (tlcc ? `${number(tlcc.lagPredicted)}, ${number(tlcc.lagTruth)}` : "-")],
    ["STS", ({ sts }) => number(sts)],
  ];
  return [
    `preset ${motion.preset}, ${motion.featureSpace}, ${motion.fps} fps, ${motion.sequences} sequences, ${frames} frames`,
    `  ${"".padEnd(20)}${groups.map(([name, { columns }]) => `${name} (${columns.length})`.padStart(20)).join("")}`,
    ...rows.map(
      ([name, cell]) => `  ${name.padEnd(20)}${groups.map(([, figures]) => cell(figures).padStart(20)).join("")}`,
    ),
    ...motion.notes.map((note) => `  note: ${note}`),
  ];
}

function pictureLines(name: string, figure: Record<string, unknown>): string[] {
  const net = figure.net as { name?: string; sha256?: string } | undefined;
  const shown = Object.entries(figure).filter(([, value]) => typeof value === "number" || typeof value === "boolean");
  const notes = (figure.notes as string[] | undefined) ?? [];
  return [
    `${name}: ${shown.map(([key, value]) => `${key} ${typeof value === "number" ? number(value) : value}`).join(", ") || JSON.stringify(figure)}`,
    ...(net === undefined ? [] : [`  network ${net.name} (${net.sha256?.slice(0, 12)})`]),
    ...notes.map((note) => `  note: ${note}`),
  ];
}

function number(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "-" : String(Number(value.toPrecision(4)));
}
