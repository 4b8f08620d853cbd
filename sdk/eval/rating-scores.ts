import { intervalOfMean } from "./bootstrap.js";
import { average } from "./correlation.js";

/** One row of a rater's CSV. */
export type Rating = { readonly rater: string; readonly item: string; readonly score: number };

/** Blind name of a video -> which system made it and of which clip; kept away from the raters. */
export type RatingKey = Readonly<Record<string, { readonly system: string; readonly clip: string }>>;

/** Scores of one system. */
export type SystemRating = {
  readonly system: string;
  /** E-Appro: mean of all ratings, 1..5. */
  readonly mean: number;
  readonly standardDeviation: number;
  readonly ratings: number;
  readonly raters: number;
  /** 95 % interval of the mean by 2,000 resamples of the raters (ratings of one person hang together). */
  readonly interval: readonly [low: number, high: number];
};

/**
 * Reads the CSV that the rating page exports: rater,item,score,seconds,comment with a header.
 * @throws TypeError naming the line
 */
export function parseRatings(text: string, name = "csv"): Rating[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const header = lines[0]?.split(",").map((cell) => cell.trim()) ?? [];
  const [rater, item, score] = ["rater", "item", "score"].map((column) => header.indexOf(column)) as [
    number,
    number,
    number,
  ];
  if (Math.min(rater, item, score) < 0) throw new TypeError(`${name}, line 1 must name the columns rater, item, score`);
  return lines.slice(1).map((line, i) => {
    const cells = line.split(",");
    const value = Number(cells[score]);
    if (!Number.isInteger(value) || value < 1 || value > 5)
      throw new TypeError(`${name}, line ${i + 2}: score must be a whole number from 1 to 5, it is "${cells[score]}"`);
    return { rater: cells[rater]!.trim(), item: cells[item]!.trim(), score: value };
  });
}

/** E-Appro by system, best first. Items that are not in the key are an error: they belong to another study. @throws TypeError */
export function scoreRatings(ratings: readonly Rating[], key: RatingKey): SystemRating[] {
  const bySystem = new Map<string, Rating[]>();
  for (const rating of ratings) {
    const entry = key[rating.item];
    if (entry === undefined) throw new TypeError(`item ${rating.item} of rater ${rating.rater} is not in the key`);
    bySystem.set(entry.system, [...(bySystem.get(entry.system) ?? []), rating]);
  }
  return [...bySystem]
    .map(([system, rows]) => {
      const scores = rows.map(({ score }) => score);
      const mean = average(scores);
      const raters = [...new Set(rows.map(({ rater }) => rater))];
      const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length - 1);
      const interval = intervalOfMean(
        raters.map((rater) => rows.filter((row) => row.rater === rater).map(({ score }) => score)),
      );
      return {
        system,
        mean,
        standardDeviation: Math.sqrt(variance),
        ratings: rows.length,
        raters: raters.length,
        interval,
      };
    })
    .sort((a, b) => b.mean - a.mean);
}
