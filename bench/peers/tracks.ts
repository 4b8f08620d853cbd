/** What a mouth is doing, on one scale for every library: the four things that phones ask of lips. */
export type MouthShape = {
  /** How far the lips are apart, 0..1: jawOpen less what the lips take back (training/data/speech/visemes.py, mouth_opening). */
  readonly opening: number;
  /** Lips pushed forward: mean of pucker and funnel. */
  readonly rounding: number;
  /** Lower lip against the upper teeth: mouthRollLower. */
  readonly tuck: number;
  /** Corners drawn apart: mean of stretch and smile. */
  readonly spread: number;
};

/** Shapes over time. Times in seconds of the audio that was being heard when the shape was shown; ascending. */
export type MouthTrack = { readonly timesS: readonly number[]; readonly shapes: readonly MouthShape[] };

/** Something that turns speech into mouths as a listener would meet it: sample by sample, in order, with no look at the future that it could not have live. */
export type LipSystem = {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** How it was driven, in a sentence. */
  readonly how: string;
  /** One utterance from a fresh start. PCM 16 kHz mono in -1..1; `pcm48` the same at 48 kHz, what a browser's audio graph carries. */
  run(sound: { readonly pcm: Float32Array; readonly pcm48: Float32Array }): Promise<MouthTrack>;
  dispose(): Promise<void>;
};

/** Frames a second at which the libraries of the page are asked for a shape, as requestAnimationFrame would. */
export const PAGE_FPS = 60;

/** A shape at a time, on straight lines between what was shown; the first and the last are held. */
export function shapeAt(track: MouthTrack, timeS: number): MouthShape {
  const { timesS, shapes } = track;
  let low = 0;
  let high = timesS.length - 1;
  if (timeS <= timesS[0]!) return shapes[0]!;
  if (timeS >= timesS[high]!) return shapes[high]!;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (timesS[middle]! <= timeS) low = middle;
    else high = middle;
  }
  const share = (timeS - timesS[low]!) / (timesS[high]! - timesS[low]!);
  const mix = (a: number, b: number) => a + share * (b - a);
  const [a, b] = [shapes[low]!, shapes[high]!];
  return {
    opening: mix(a.opening, b.opening),
    rounding: mix(a.rounding, b.rounding),
    tuck: mix(a.tuck, b.tuck),
    spread: mix(a.spread, b.spread),
  };
}

/**
 * What each Oculus viseme shows at full weight. From the mouth targets that the truth of the synthesised set is made of (visemes.py), mean of the
 * viseme's phones: the libraries get the very shapes that they are judged by, so nothing of their score is lost in the translation.
 */
export const VISEME_SHAPES: Readonly<Record<string, MouthShape>> = {
  sil: { opening: 0, rounding: 0, tuck: 0, spread: 0 },
  PP: { opening: 0, rounding: 0.01, tuck: 0, spread: 0 },
  FF: { opening: 0.06, rounding: 0, tuck: 0.7, spread: 0.02 },
  TH: { opening: 0.17, rounding: 0, tuck: 0, spread: 0.03 },
  DD: { opening: 0.14, rounding: 0, tuck: 0, spread: 0.08 },
  kk: { opening: 0.21, rounding: 0, tuck: 0, spread: 0.03 },
  CH: { opening: 0.13, rounding: 0.39, tuck: 0, spread: 0 },
  SS: { opening: 0.11, rounding: 0.03, tuck: 0, spread: 0.15 },
  nn: { opening: 0.19, rounding: 0, tuck: 0, spread: 0.06 },
  RR: { opening: 0.19, rounding: 0.31, tuck: 0, spread: 0 },
  aa: { opening: 0.54, rounding: 0.02, tuck: 0, spread: 0.08 },
  E: { opening: 0.34, rounding: 0.01, tuck: 0, spread: 0.14 },
  I: { opening: 0.23, rounding: 0, tuck: 0, spread: 0.24 },
  O: { opening: 0.4, rounding: 0.4, tuck: 0, spread: 0 },
  U: { opening: 0.18, rounding: 0.42, tuck: 0, spread: 0 },
};

/** Weights of visemes as one shape: the weighted sum, as morph targets add up. */
export function blendVisemes(weights: Iterable<readonly [viseme: string, weight: number]>): MouthShape {
  let [opening, rounding, tuck, spread] = [0, 0, 0, 0];
  for (const [viseme, weight] of weights) {
    const shape = VISEME_SHAPES[viseme]!;
    opening += weight * shape.opening;
    rounding += weight * shape.rounding;
    tuck += weight * shape.tuck;
    spread += weight * shape.spread;
  }
  return { opening, rounding, tuck, spread };
}
