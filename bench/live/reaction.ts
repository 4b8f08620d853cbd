import { type Distribution, distribution } from "../../sdk/eval/frame-timing.js";
import { difference, type SeenPicture } from "./seen.js";

/**
 * Reaction latency: a person does something, and the head shows a face that it would not have shown. An idle face moves too, so the same head also listens, from
 * the same seed, with nobody there: a face that is none of those is the reaction. Faces are compared without their times, for a block that was left out shifts them.
 */
export const EVENTS = ["smile", "voice"] as const;
export type UserEvent = (typeof EVENTS)[number];
/** What the person does, how long after the first picture; `undefined` stands for nobody. */
export type Planned = { readonly kind: UserEvent; readonly afterMs: number } | undefined;

/** A frame that was presented, on the clock of `eventMs`. */
export type ShownFrame = { readonly atMs: number; readonly blendshapes: readonly number[] };

/** One run of a listening head, by itself and from outside. */
export type ListeningRun = {
  readonly inside: { readonly frames: readonly ShownFrame[]; readonly eventMs: number | undefined };
  readonly outside?: { readonly pictures: readonly SeenPicture[]; readonly eventMs: number | undefined };
};

/** Delays of the reactions to one kind of event. */
export type ReactionReport = {
  /** Events that count. Those without a delay had no reaction until the end of the run, 3 s and more. */
  readonly events: number;
  /** Events that do not, for in each try the head was another one before the event than with nobody there. */
  readonly spoiled: number;
  /** To the first presented frame with a coefficient that is off by more than 0.05 from every frame of the runs with nobody there. */
  readonly insideMs: Distribution;
  /** To the first picture of the page with a face that differs from every one of those runs. */
  readonly outsideMs?: Distribution;
};
export type ReactionReports = Readonly<Record<UserEvent, ReactionReport>>;

export const SEED = 7;
const FIRST_EVENT_MS = 2_000;
/** Not a multiple of a block, so that events fall on all places of one. */
const NEXT_EVENT_MS = 73;
const TRIES = 3;
/** Runs with nobody there: what one of them left out, another one shows. */
const CALM_RUNS = 3;
/** Change of a coefficient that a viewer may see. */
const VISIBLE = 0.05;
/**
 * Mean difference of a face's luminance (0..255) from which on it is another face. Seen in Chromium: with nobody there up to 0.04 between two runs, and 0.6 where a video
 * codec is between (it drifts from key frame to key frame); a smile gives 1.2 to 2.9.
 */
const ANOTHER_FACE = 0.8;

/** How long a run lasts after its first picture. With nobody there it is longer, for it must have shown all that another run can. */
export function runMs(planned: Planned): number {
  return planned === undefined ? 9_000 : planned.afterMs + 3_000;
}

/** Measures `count` events of each kind; `listen` shows a head from its beginning. */
export async function measureReactions(options: { listen(planned: Planned): Promise<ListeningRun>; count: number }): Promise<ReactionReports> {
  const { listen, count } = options;
  const calm: ListeningRun[] = [];
  for (let i = 0; i < CALM_RUNS; i++) calm.push(await listen(undefined));
  const reports: Partial<Record<UserEvent, ReactionReport>> = {};
  for (const kind of EVENTS) {
    const delays: Delays[] = [];
    for (let i = 0; i < count; i++) {
      let found: Delays | undefined;
      for (let tries = 0; found === undefined && tries < TRIES; tries++)
        found = reactionDelays(calm, await listen({ kind, afterMs: FIRST_EVENT_MS + i * NEXT_EVENT_MS }));
      if (found !== undefined) delays.push(found);
    }
    const spread = (side: keyof Delays) => distribution(delays.flatMap((found) => found[side] ?? []));
    reports[kind] = {
      events: delays.length,
      spoiled: count - delays.length,
      insideMs: spread("inside"),
      ...(calm[0]!.outside && { outsideMs: spread("outside") }),
    };
  }
  return reports as ReactionReports;
}

type Delays = { readonly inside: number | undefined; readonly outside: number | undefined };

/** From the event to the first frame and the first picture that no calm run has; undefined for a run with one before the event. */
export function reactionDelays(calm: readonly ListeningRun[], { inside, outside }: ListeningRun): Delays | undefined {
  const frame = firstUnlike(inside.frames, calm.flatMap((run) => run.inside.frames), (a, b) => a.blendshapes.some((value, k) => Math.abs(value - b.blendshapes[k]!) > VISIBLE));
  const picture = firstUnlike(outside?.pictures ?? [], calm.flatMap((run) => run.outside?.pictures ?? []), (a, b) => difference(a, b) > ANOTHER_FACE);
  const delays = { inside: frame && frame.atMs - inside.eventMs!, outside: picture && picture.atMs - outside!.eventMs! };
  return Object.values(delays).some((ms) => ms !== undefined && ms < 0) ? undefined : delays;
}

function firstUnlike<Shown>(shown: readonly Shown[], known: readonly Shown[], unlike: (a: Shown, b: Shown) => boolean): Shown | undefined {
  return shown.find((one) => known.every((other) => unlike(one, other)));
}
