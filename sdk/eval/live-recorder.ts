import { type DropCounters, type LiveEvent, type LiveReport, liveReport } from "./live-report.js";

/** What the recorder needs of a frame: an EchoFrame has it. */
export type RecordedFrame = {
  readonly timestampMs: number;
  readonly blendshapes: ArrayLike<number>;
  readonly state?: "listening" | "speaking" | undefined;
};

/** What the recorder needs of an agent: an EchoAgent has it. */
export interface RecordedAgent {
  on(event: "utterance-started", listener: () => void): () => void;
  on(event: "utterance-finished", listener: (end: { readonly interrupted: boolean }) => void): () => void;
  stats(): DropCounters;
}

/**
 * Writes down what an agent does while you show its frames, and makes the report: the agent's own side of the measurement.
 * Call `frame` when a frame is really presented, and the `user...` methods when the person does something.
 */
export class LiveRecorder {
  readonly #events: LiveEvent[] = [];
  readonly #nowMs: () => number;
  readonly #playoutMs: (() => number) | undefined;
  readonly #undo: (() => void)[];
  readonly #agent: RecordedAgent;
  readonly #watch: readonly number[] | undefined;
  #last: ArrayLike<number> | undefined;

  /**
   * `nowMs` is the clock of all events. @default performance.now. `playoutMs` is the agent's playout clock (`clock.nowMs`): with it A/V offset is told.
   * The time of the construction counts as the request; pass `requestedMs` when it was earlier. `watch` are the indices of the coefficients whose change counts as
   * motion: those of the mouth tell a reply from a blink. @default all
   */
  constructor(options: {
    agent: RecordedAgent;
    nowMs?: () => number;
    playoutMs?: (() => number) | undefined;
    requestedMs?: number | undefined;
    watch?: readonly number[] | undefined;
  }) {
    const { agent, nowMs = () => performance.now(), playoutMs, requestedMs, watch } = options;
    this.#watch = watch;
    this.#nowMs = nowMs;
    this.#agent = agent;
    this.#playoutMs = playoutMs;
    this.#events.push({ kind: "requested", atMs: requestedMs ?? nowMs() });
    this.#undo = [
      agent.on("utterance-started", () => this.#events.push({ kind: "avatar-voice-began", atMs: nowMs() })),
      agent.on("utterance-finished", ({ interrupted }) =>
        this.#events.push({ kind: "avatar-voice-ended", atMs: nowMs(), interrupted }),
      ),
    ];
  }

  /** A frame has been presented. Motion is the largest change of a watched coefficient since the frame before. */
  frame(frame: RecordedFrame): void {
    const atMs = this.#nowMs();
    let motion = 0;
    for (const i of this.#watch ?? Array.from(frame.blendshapes, (_, column) => column))
      motion = Math.max(motion, Math.abs(frame.blendshapes[i]! - (this.#last?.[i] ?? frame.blendshapes[i]!)));
    this.#last = Float32Array.from(frame.blendshapes);
    if (this.#playoutMs !== undefined) this.#events.push({ kind: "heard", atMs, contentMs: this.#playoutMs() });
    const speaking = frame.state === undefined ? undefined : frame.state === "speaking";
    this.#events.push({ kind: "frame", atMs, contentMs: frame.timestampMs, motion, speaking });
  }

  /** The person begins to speak. */
  userSpeechBegan(): void {
    this.#events.push({ kind: "user-speech-began", atMs: this.#nowMs() });
  }

  /** The detector says that the person has ended; `hangoverMs` is how long it waits before it says so. */
  userSpeechEnded(hangoverMs = 0): void {
    this.#events.push({ kind: "user-speech-ended", atMs: this.#nowMs(), hangoverMs });
  }

  /** The person does something that the avatar should react to. */
  userEvent(): void {
    this.#events.push({ kind: "user-event", atMs: this.#nowMs() });
  }

  /** Everything so far. */
  get events(): readonly LiveEvent[] {
    return this.#events;
  }

  /** The report so far, with the agent's counters. @throws TypeError before the first frame */
  report(options: { fps?: number; threshold?: number } = {}): LiveReport {
    return liveReport(this.#events, { ...options, stats: this.#agent.stats() });
  }

  /** Stops listening to the agent. */
  dispose(): void {
    for (const undo of this.#undo) undo();
  }
}
