/** Colours that people with colour blindness tell apart (Okabe & Ito 2008). */
const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"];
const WIDTH = 860;
const HEIGHT = 320;
const LEFT = 50;
const TOP = 62;
const BOTTOM = 40;

/** Grouped bars as an SVG on white, readable in a dark page too. */
export function barChart(options: {
  title: string;
  groups: readonly string[];
  series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  // null: nothing was measured, no bar
  /** Ends of the axis. */
  from: number;
  to: number;
  logarithmic?: boolean;
  /** Where a dashed line goes. */
  line?: number;
}): string {
  const { title, groups, series, from, to, logarithmic = false, line } = options;
  const scale = (value: number) => (logarithmic ? Math.log10(value) : value);
  const bottom = HEIGHT - BOTTOM;
  const y = (value: number) => {
    const share = (scale(Math.min(to, Math.max(from, value))) - scale(from)) / (scale(to) - scale(from));
    return bottom - share * (bottom - TOP);
  };
  const ticks = logarithmic
    ? Array.from({ length: Math.round(scale(to) - scale(from)) + 1 }, (_, i) => from * 10 ** i)
    : Array.from({ length: 7 }, (_, i) => from + (i * (to - from)) / 6);
  const groupWidth = (WIDTH - LEFT - 20) / groups.length;
  const barWidth = Math.min(60, (groupWidth * 0.86) / series.length);
  const parts: string[] = [];
  for (const tick of ticks)
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${round(y(tick))}" y2="${round(y(tick))}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${Number(tick.toPrecision(3))}</text>`,
    );
  groups.forEach((group, g) => {
    const start = LEFT + g * groupWidth + (groupWidth - barWidth * series.length) / 2;
    series.forEach(({ values }, s) => {
      const value = values[g];
      if (value === null || value === undefined || Number.isNaN(value)) return;
      const x = start + s * barWidth;
      const top = y(value);
      parts.push(
        `<rect x="${round(x + 1)}" y="${round(top)}" width="${round(barWidth - 2)}" height="${round(bottom - top)}" fill="${COLOURS[s % COLOURS.length]}"/>`,
        `<text x="${round(x + barWidth / 2)}" y="${round(top - 4)}" text-anchor="middle" font-size="10">${label(value)}</text>`,
      );
    });
    parts.push(`<text x="${round(LEFT + (g + 0.5) * groupWidth)}" y="${bottom + 18}" text-anchor="middle">${escape(group)}</text>`);
  });
  if (line !== undefined)
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${round(y(line))}" y2="${round(y(line))}" stroke="#444" stroke-dasharray="5 4"/>`);
  series.forEach(({ name }, s) => {
    const x = LEFT + s * 190;
    parts.push(`<rect x="${x}" y="34" width="12" height="12" fill="${COLOURS[s % COLOURS.length]}"/><text x="${x + 17}" y="44">${escape(name)}</text>`);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" font-size="14" font-weight="bold">${escape(title)}</text>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function label(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
