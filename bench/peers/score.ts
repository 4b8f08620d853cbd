import { average, pearson } from "../../sdk/eval/correlation.js";
import type { SpokenClip } from "./corpus.js";
import { type MouthShape, type MouthTrack, shapeAt } from "./tracks.js";

const OPEN_VOWELS = "aa ae ah ao aw ay".split(" ");
const VOWELS = [..."eh er ey ih iy ow oy uh uw".split(" "), ...OPEN_VOWELS];
const BILABIALS = "p b m".split(" ");
const LABIODENTALS = "f v".split(" ");
const ROUND = "uw uh ow ao oy w sh zh ch jh".split(" ");
const SPREAD = "iy ih ey eh y s z".split(" ");
const CLOSE = "iy ih uw uh s z t d n sh zh".split(" ");
const OTHER_CONSONANTS = "t d n s z k g ng l hh th dh".split(" ");

/** What lips should do, as a contrast of two groups of phones in one quantity. 0.5 is chance, 1 is perfect; monotone scales of a library do not matter. */
export type Contrast = {
  readonly name: string;
  readonly title: string;
  readonly high: readonly string[];
  readonly low: readonly string[];
  readonly quantity: (shape: MouthShape) => number;
};

/** The contrasts. The first phones should have more of the quantity than the second. */
export const CONTRASTS: readonly Contrast[] = [
  { name: "shut", title: "lips shut: p b m against vowels", high: BILABIALS, low: VOWELS, quantity: (s) => -s.opening },
  { name: "open", title: "jaw: open vowels against close ones and s t d n", high: OPEN_VOWELS, low: CLOSE, quantity: (s) => s.opening },
  { name: "round", title: "rounding: u o w sh against i e s", high: ROUND, low: SPREAD, quantity: (s) => s.rounding - 0.5 * s.spread },
  { name: "teeth", title: "lip on teeth: f v against t d n s k l", high: LABIODENTALS, low: OTHER_CONSONANTS, quantity: (s) => s.tuck },
  { name: "silence", title: "silence against vowels", high: ["sil"], low: VOWELS, quantity: (s) => -s.opening },
];

/** Opening under which lips count as shut; the truth is under 0.03 there (training/eval/lips.py). */
const SHUT = 0.06;
/** A pause must be this long to count as one; its first and last 60 ms are left out. */
const PAUSE_S = 0.2;

/** Figures of one library on one set. */
export type LipFigures = {
  /** Area under the ROC curve of each contrast; NaN (null in the report) where the set lacks one of its groups of phones. */
  readonly auc: Readonly<Record<string, number | null>>;
  readonly meanAuc: number;
  /** Share of p b m in which the opening falls under 0.06 at some moment, and of open vowels in which it does too (a control). */
  readonly shutShare: number;
  readonly shutInOpenVowels: number;
  /** Mean over clips of the correlation of opening with the truth's; undefined for recordings. */
  readonly openingR: number | undefined;
  /** The same without the shift. */
  readonly openingRUnshifted: number | undefined;
  /** Shift in ms that suits this library best on the synthesised set: how late its mouth is against the truth's. */
  readonly lagMs: number;
  readonly phones: Readonly<Record<string, number>>;
};

/** The shift (10 ms grid, -80..400 ms) at which a library's opening correlates best with the truth's. */
export function bestLagS(clips: readonly SpokenClip[], tracks: readonly MouthTrack[]): number {
  let best = { lag: 0, r: Number.NEGATIVE_INFINITY };
  for (let step = -8; step <= 40; step++) {
    const r = openingCorrelation(clips, tracks, step / 100);
    if (r > best.r) best = { lag: step / 100, r };
  }
  return best.lag;
}

/** Figures at a shift: the mouth at time t + lag is held against the sound at t. */
export function score(clips: readonly SpokenClip[], tracks: readonly MouthTrack[], lagS: number): LipFigures {
  const auc: Record<string, number> = {};
  const phones: Record<string, number> = {};
  for (const { name, high, low, quantity } of CONTRASTS) {
    const values = (wanted: readonly string[]) =>
      clips.flatMap((clip, i) =>
        phoneSpans(clip, wanted).map(([from, to]) => average(samples(tracks[i]!, from, to, lagS).map(quantity))),
      );
    const [more, less] = [values(high), values(low)];
    auc[name] = areaUnderCurve(more, less);
    phones[name] = more.length + less.length;
  }
  /** Least opening in each phone: from a frame before it for closures, in its middle half for the control. */
  const least = (wanted: readonly string[], whole: boolean) =>
    clips.flatMap((clip, i) =>
      clip.phones
        .filter(([phone]) => wanted.includes(phone))
        .map(([, from, to]) => (whole ? [from - 0.04, to] : [from + (to - from) / 4, to - (to - from) / 4]))
        .map(([from, to]) => Math.min(...samples(tracks[i]!, from!, to!, lagS).map((s) => s.opening))),
    );
  const share = (values: readonly number[]) => values.filter((value) => value < SHUT).length / values.length;
  const hasTruth = clips.every((clip) => clip.truth !== undefined);
  return {
    auc,
    meanAuc: average(Object.values(auc).filter((value) => !Number.isNaN(value))),
    shutShare: share(least(BILABIALS, true)),
    shutInOpenVowels: share(least(OPEN_VOWELS, false)),
    openingR: hasTruth ? openingCorrelation(clips, tracks, lagS) : undefined,
    openingRUnshifted: hasTruth ? openingCorrelation(clips, tracks, 0) : undefined,
    lagMs: Math.round(lagS * 1_000),
    phones,
  };
}

/** Probability that a value of the first group exceeds one of the second; ties count half (Mann & Whitney 1947). */
export function areaUnderCurve(more: readonly number[], less: readonly number[]): number {
  const rounded = (value: number) => Math.round(value * 1e9); // a still mouth must tie, not be ranked by rounding errors of means
  const all = [
    ...more.map((value) => ({ value: rounded(value), more: true })),
    ...less.map((value) => ({ value: rounded(value), more: false })),
  ].sort(
    (a, b) => a.value - b.value,
  );
  let rankSum = 0;
  for (let i = 0; i < all.length; ) {
    let end = i;
    while (end < all.length && all[end]!.value === all[i]!.value) end++;
    const rank = (i + 1 + end) / 2;
    for (let j = i; j < end; j++) if (all[j]!.more) rankSum += rank;
    i = end;
  }
  return (rankSum - (more.length * (more.length + 1)) / 2) / (more.length * less.length);
}

/** Middle halves of the phones of a group; of pauses what lies 60 ms from both ends. */
function phoneSpans(clip: SpokenClip, wanted: readonly string[]): [number, number][] {
  return clip.phones.flatMap(([phone, from, to]): [number, number][] => {
    if (!wanted.includes(phone)) return [];
    if (phone === "sil") return to - from >= PAUSE_S ? [[from + 0.06, to - 0.06]] : [];
    const quarter = (to - from) / 4;
    return [[from + quarter, to - quarter]];
  });
}

function samples(track: MouthTrack, fromS: number, toS: number, lagS: number): MouthShape[] {
  const count = Math.max(1, Math.ceil((toS - fromS) / 0.01));
  return Array.from({ length: count }, (_, i) => shapeAt(track, fromS + ((i + 0.5) * (toS - fromS)) / count + lagS));
}

function openingCorrelation(clips: readonly SpokenClip[], tracks: readonly MouthTrack[], lagS: number): number {
  const values = clips.map((clip, i) => {
    const { timesS, shapes } = clip.truth!;
    const made = timesS.map((time) => shapeAt(tracks[i]!, time + lagS).opening);
    return pearson(
      made,
      shapes.map((shape) => shape.opening),
    );
  });
  return average(values.map((r) => (Number.isNaN(r) ? 0 : r)));
}
