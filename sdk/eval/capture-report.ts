import { average, pearson } from "./correlation.js";
import { type Distribution, distribution, type FrameTiming, frameTiming } from "./frame-timing.js";

/** What was seen and heard of a page from outside, on one clock. */
export type PageCapture = {
  /** When the page was opened, or asked to begin. */
  readonly requestedMs: number;
  /** Pictures of the page in which something changed: time, and mean absolute change (0..255) of the face and of the mouth against the picture before. */
  readonly pictures: readonly { readonly atMs: number; readonly change: number; readonly mouth: number }[];
  /** Loudness of what the page plays: time and RMS 0..1 of short windows. */
  readonly sound: readonly { readonly atMs: number; readonly rms: number }[];
  /** Times at which the measurer did something to the page (spoke, smiled). */
  readonly stimuliMs?: readonly number[] | undefined;
  /** Times at which the user's turn ended and the avatar's answer was handed to the page, and at which the user spoke into it. */
  readonly repliesMs?: readonly number[] | undefined;
  readonly interruptionsMs?: readonly number[] | undefined;
};

/** Figures of a page from outside. */
export type CaptureReport = {
  readonly firstChangeMs: number;
  /** Of pictures that changed. A page that repeats a picture shows no change: the rate is of new pictures. */
  readonly pacing: FrameTiming;
  /** Sound ahead of the mouth, positive, by the lag at which loudness and mouth movement correlate best; undefined when nothing was heard. */
  readonly avOffsetMs: number | undefined;
  /** The correlation at that lag. Below 0.3 the offset means little. */
  readonly avCorrelation: number | undefined;
  /** Stimulus to the first picture that changes by more than `threshold` times the largest change of the two seconds before it; stimuli without one are left out. */
  readonly reactionsMs: readonly number[];
  /** A reply to the first audible sound after it. */
  readonly voiceToVoiceMs: Distribution;
  /** A reply to the first picture whose mouth changes by more than `threshold` times the most it did in the second before; replies without one are left out. */
  readonly voiceToFaceMs: Distribution;
  /** An interruption to the last audible sound, where there was sound within the 200 ms before it. */
  readonly bargeInMs: Distribution;
  readonly pictures: number;
  readonly durationMs: number;
};

const GRID_MS = 20;
/** RMS above which sound is audible. */
const AUDIBLE = 0.003;
/** Silence after which sound has ended; how long an answer or an end of it is waited for. */
const ENDED_MS = 300;
const MOST_MS = 4_000;

/**
 * Figures from a capture. A/V offset: mouth movement and the size of loudness changes, both on a grid of 20 ms and smoothed over 100 ms, correlated over lags of +-`mostLagMs`.
 * @throws TypeError for a capture without pictures
 */
export function captureReport(
  capture: PageCapture,
  options: { mostLagMs?: number; threshold?: number } = {},
): CaptureReport {
  const { mostLagMs = 600, threshold = 1.5 } = options;
  const { pictures, requestedMs, stimuliMs = [], repliesMs = [], interruptionsMs = [] } = capture;
  const [first, last] = [pictures[0], pictures.at(-1)];
  if (first === undefined || last === undefined) throw new TypeError("capture.pictures must hold at least one picture");
  const changed = pictures.filter(({ change }) => change > 0);
  const offset = audioVideoOffset(capture, mostLagMs);
  return {
    firstChangeMs: (changed.find(({ atMs }) => atMs >= requestedMs)?.atMs ?? Number.NaN) - requestedMs,
    pacing: frameTiming(changed.map(({ atMs }) => atMs)),
    avOffsetMs: offset?.offsetMs,
    avCorrelation: offset?.correlation,
    reactionsMs: stimuliMs.flatMap((at) => firstUnusual(pictures, at, { what: "change", threshold, beforeMs: 2_000 })),
    voiceToVoiceMs: distribution(repliesMs.flatMap((at) => firstSound(capture, at))),
    voiceToFaceMs: distribution(
      repliesMs.flatMap((at) => firstUnusual(pictures, at, { what: "mouth", threshold, beforeMs: 1_000 })),
    ),
    bargeInMs: distribution(interruptionsMs.flatMap((at) => lastSound(capture, at))),
    pictures: changed.length,
    durationMs: last.atMs - first.atMs,
  };
}

/** Time from `at` to the first picture that changes more than `threshold` times as much as any in the `beforeMs` before; none: []. */
function firstUnusual(
  pictures: PageCapture["pictures"],
  at: number,
  { what, threshold, beforeMs }: { what: "change" | "mouth"; threshold: number; beforeMs: number },
): number[] {
  const before = pictures.filter(({ atMs }) => atMs < at && atMs >= at - beforeMs);
  const usual = before.reduce((most, picture) => Math.max(most, picture[what]), 0.05);
  const found = pictures.find((picture) => picture.atMs >= at && picture[what] > threshold * usual);
  return found === undefined || found.atMs - at > MOST_MS ? [] : [found.atMs - at];
}

function firstSound({ sound }: PageCapture, at: number): number[] {
  const found = sound.find(({ atMs, rms }) => atMs >= at && rms > AUDIBLE);
  return found === undefined || found.atMs - at > MOST_MS ? [] : [found.atMs - at];
}

function lastSound({ sound }: PageCapture, at: number): number[] {
  const heard = sound.filter(({ rms }) => rms > AUDIBLE).map(({ atMs }) => atMs);
  let last = heard.findLast((atMs) => atMs < at);
  if (last === undefined || at - last > 200) return [];
  for (const atMs of heard) {
    if (atMs < at) continue;
    if (atMs - last > ENDED_MS) break;
    last = atMs;
  }
  return [Math.max(0, last - at)];
}

function audioVideoOffset({ pictures, sound }: PageCapture, mostLagMs: number) {
  const heard = sound.filter(({ rms }) => rms > AUDIBLE);
  if (heard.length < 10) return undefined;
  const from = Math.max(pictures[0]!.atMs, sound[0]!.atMs);
  const to = Math.min(pictures.at(-1)!.atMs, sound.at(-1)!.atMs);
  const steps = Math.floor((to - from) / GRID_MS);
  if (steps < 50) return undefined;
  const mouth = smooth(
    onGrid(
      pictures.map(({ atMs, mouth }) => [atMs, mouth]),
      from,
      steps,
    ),
  );
  const loud = onGrid(
    sound.map(({ atMs, rms }) => [atMs, Math.log10(rms + 1e-3)]),
    from,
    steps,
  );
  const level = smooth(loud.map((value, i) => Math.abs(value - (loud[i - 1] ?? value))));
  const most = Math.round(mostLagMs / GRID_MS);
  let best = { correlation: Number.NEGATIVE_INFINITY, offsetMs: 0 };
  for (let lag = -most; lag <= most; lag++) {
    // lag > 0: the mouth moves later than the sound, so the sound leads
    const n = steps - Math.abs(lag);
    const r = pearson(level.slice(Math.max(0, -lag)).slice(0, n), mouth.slice(Math.max(0, lag)).slice(0, n));
    if (r > best.correlation) best = { correlation: r, offsetMs: lag * GRID_MS };
  }
  return Number.isFinite(best.correlation) ? best : undefined;
}

/** Mean of the values that fall into each step; where none does, the one before. */
function onGrid(values: readonly (readonly [atMs: number, value: number])[], from: number, steps: number): number[] {
  const sums = new Array<number>(steps).fill(0);
  const counts = new Array<number>(steps).fill(0);
  for (const [atMs, value] of values) {
    const i = Math.floor((atMs - from) / GRID_MS);
    if (i < 0 || i >= steps) continue;
    sums[i]! += value;
    counts[i]! += 1;
  }
  let held = 0;
  return sums.map((sum, i) => {
    if (counts[i]! > 0) held = sum / counts[i]!;
    return held;
  });
}

function smooth(values: readonly number[]): number[] {
  return values.map((_, i) => average(values.slice(Math.max(0, i - 2), i + 3)));
}
