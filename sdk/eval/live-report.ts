import { type Distribution, distribution, type FrameTiming, frameTiming } from "./frame-timing.js";

/**
 * Something that happened in a conversation with an agent, on one clock in ms. Take all times from the same clock (performance.now() of one thread): mixed
 * clocks are the commonest mistake in latency figures.
 */
export type LiveEvent =
  /** The agent was asked for (client) or the first input was accepted (server). */
  | { readonly kind: "requested"; readonly atMs: number }
  /**
   * A frame was presented. `contentMs` is the time of its content on the playout clock; `motion` is how much the face does (for example jawOpen, or the largest
   * change of a coefficient); `speaking` whether it was made of the avatar's speech.
   */
  | {
      readonly kind: "frame";
      readonly atMs: number;
      readonly contentMs?: number | undefined;
      readonly motion: number;
      readonly speaking?: boolean | undefined;
    }
  /** Playout clock at a moment: which content of the avatar's voice is being heard. */
  | { readonly kind: "heard"; readonly atMs: number; readonly contentMs: number }
  | { readonly kind: "user-speech-began"; readonly atMs: number }
  /** `atMs` minus the detector's hangover is when the person really ended. */
  | { readonly kind: "user-speech-ended"; readonly atMs: number; readonly hangoverMs?: number | undefined }
  /** A user event that the avatar should react to, such as a smile. */
  | { readonly kind: "user-event"; readonly atMs: number }
  /** First and last audible sample of an utterance of the avatar. */
  | { readonly kind: "avatar-voice-began"; readonly atMs: number }
  | { readonly kind: "avatar-voice-ended"; readonly atMs: number; readonly interrupted?: boolean | undefined };

/** Figures of one conversation; times in ms, distributions with n and p50, p90, p95, p99. */
export type LiveReport = {
  /** First presented frame after the request. */
  readonly firstFrameMs: number;
  readonly pacing: FrameTiming;
  /** Share of gaps between frames that are longer than 1.5 frame times. */
  readonly deadlineMisses: number;
  /** End of the user's speech (hangover taken off) to the first audible sample of the avatar. */
  readonly voiceToVoiceMs: Distribution;
  /** End of the user's speech to the first frame whose motion exceeds the threshold: the reply. Frames that say they are of listening do not count, for a listener moves too. */
  readonly voiceToFaceReplyMs: Distribution;
  /** Beginning of the user's speech to the first frame whose motion exceeds the threshold: listening. */
  readonly voiceToFaceListeningMs: Distribution;
  /** A user event to the first frame after it that moves. */
  readonly reactionMs: Distribution;
  /** Beginning of the user's speech to the last audible sample of an interrupted utterance. */
  readonly bargeInMs: Distribution;
  /** Audio ahead of video, positive; negative when sound lags. Interpolated between "heard" events. */
  readonly avOffsetMs: Distribution;
  /** Share of frames outside +45 .. -125 ms, where offsets begin to be noticed (ITU-R BT.1359-1). */
  readonly avNoticeable: number;
  /** From the agent's own counters, where they are given. */
  readonly drops:
    | { readonly made: number; readonly delivered: number; readonly dropped: number; readonly skippedBlocks: number }
    | undefined;
  readonly threshold: number;
};

/** The part of an agent's stats that the report takes over. */
export type DropCounters = {
  readonly frames: number;
  readonly deliveredFrames: number;
  readonly droppedFrames: number;
  readonly skippedBlocks: number;
};

/**
 * The report of a log of events. `threshold` is the motion above which a face is said to do something.
 * @throws TypeError when the log has no frame
 */
export function liveReport(
  events: readonly LiveEvent[],
  options: { fps?: number; threshold?: number; stats?: DropCounters | undefined } = {},
): LiveReport {
  const { fps = 25, threshold = 0.05, stats } = options;
  const sorted = [...events].sort((a, b) => a.atMs - b.atMs);
  const of = <Kind extends LiveEvent["kind"]>(kind: Kind) =>
    sorted.filter((event): event is Extract<LiveEvent, { kind: Kind }> => event.kind === kind);
  const frames = of("frame");
  if (frames.length === 0) throw new TypeError("events must hold at least one frame");
  const moving = frames.filter(({ motion }) => motion > threshold);
  const answering = moving.filter(({ speaking }) => speaking !== false);
  /** From each start to the next of `ends`, before the start after it; starts without one are left out. */
  const delays = (starts: readonly number[], ends: readonly { readonly atMs: number }[]): number[] =>
    starts.flatMap((start, i) => {
      const next = ends.find(({ atMs }) => atMs >= start)?.atMs;
      return next !== undefined && next < (starts[i + 1] ?? Number.POSITIVE_INFINITY) ? [next - start] : [];
    });
  const began = of("user-speech-began").map(({ atMs }) => atMs);
  const ended = of("user-speech-ended").map(({ atMs, hangoverMs = 0 }) => atMs - hangoverMs);
  const shown = frames.map(({ atMs }) => atMs);
  const gaps = shown.slice(1).map((time, i) => time - shown[i]!);
  const heard = of("heard");
  const offsets = frames.flatMap(({ atMs, contentMs }) => {
    const audio = contentAt(heard, atMs);
    return contentMs === undefined || audio === undefined ? [] : [audio - contentMs];
  });
  const requested = of("requested")[0]?.atMs;
  return {
    firstFrameMs: requested === undefined ? Number.NaN : shown.find((time) => time >= requested)! - requested,
    pacing: frameTiming(shown),
    deadlineMisses: gaps.filter((gap) => gap > 1_500 / fps).length / Math.max(1, gaps.length),
    voiceToVoiceMs: distribution(delays(ended, of("avatar-voice-began"))),
    voiceToFaceReplyMs: distribution(delays(ended, answering)),
    voiceToFaceListeningMs: distribution(delays(began, moving)),
    reactionMs: distribution(
      delays(
        of("user-event").map(({ atMs }) => atMs),
        moving,
      ),
    ),
    bargeInMs: distribution(
      delays(
        began,
        of("avatar-voice-ended").filter(({ interrupted }) => interrupted === true),
      ),
    ),
    avOffsetMs: distribution(offsets),
    avNoticeable: offsets.filter((offset) => offset > 45 || offset < -125).length / Math.max(1, offsets.length),
    drops: stats && {
      made: stats.frames,
      delivered: stats.deliveredFrames,
      dropped: stats.droppedFrames,
      skippedBlocks: stats.skippedBlocks,
    },
    threshold,
  };
}

/** Content heard at a time, on a straight line between two "heard" events; undefined outside of them. */
function contentAt(
  heard: readonly { readonly atMs: number; readonly contentMs: number }[],
  atMs: number,
): number | undefined {
  const after = heard.findIndex((event) => event.atMs >= atMs);
  if (after < 0) return undefined;
  const [b, a] = [heard[after]!, heard[after - 1]];
  if (a === undefined) return b.atMs === atMs ? b.contentMs : undefined;
  return a.contentMs + ((atMs - a.atMs) / (b.atMs - a.atMs)) * (b.contentMs - a.contentMs);
}
