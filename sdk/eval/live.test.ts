import { describe, expect, it } from "vitest";
import { captureReport, type PageCapture } from "./capture-report.js";
import { LiveRecorder, type RecordedAgent } from "./live-recorder.js";
import { type LiveEvent, liveReport } from "./live-report.js";

/** Frames every 40 ms from `from`, still until `movesAt`. */
function frames(count: number, movesAt: number, from = 100): LiveEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const atMs = from + i * 40;
    return { kind: "frame", atMs, contentMs: atMs - 60, motion: atMs >= movesAt && atMs < movesAt + 80 ? 0.2 : 0.01 };
  });
}

describe("liveReport", () => {
  it("tells first frame, pacing, replies, reactions and barge-in from one log", () => {
    const report = liveReport(
      [
        { kind: "requested", atMs: 0 },
        ...frames(100, 1_500),
        { kind: "user-event", atMs: 1_210 },
        { kind: "user-speech-began", atMs: 1_300 },
        { kind: "user-speech-ended", atMs: 1_600, hangoverMs: 200 },
        { kind: "avatar-voice-began", atMs: 2_000 },
        { kind: "user-speech-began", atMs: 3_000 },
        { kind: "avatar-voice-ended", atMs: 3_090, interrupted: true },
      ],
      { stats: { frames: 120, deliveredFrames: 100, droppedFrames: 20, skippedBlocks: 1 } },
    );
    expect(report.firstFrameMs).toBe(100);
    expect(report.pacing).toMatchObject({ frames: 100, freezeCount: 0 });
    expect(report.pacing.fps).toBeCloseTo(25, 6);
    expect(report.deadlineMisses).toBe(0);
    expect(report.voiceToVoiceMs).toMatchObject({ n: 1, p50: 600 }); // 2000 - (1600 - 200)
    expect(report.voiceToFaceReplyMs).toMatchObject({ n: 1, p50: 100 });
    expect(report.voiceToFaceListeningMs).toMatchObject({ n: 1, p50: 200 });
    expect(report.reactionMs).toMatchObject({ n: 1, p50: 290 });
    expect(report.bargeInMs).toMatchObject({ n: 1, p50: 90 });
    expect(report.drops).toEqual({ made: 120, delivered: 100, dropped: 20, skippedBlocks: 1 });
  });

  it("tells the A/V offset between playout clock and frames, positive when sound leads", () => {
    const heard: LiveEvent[] = Array.from({ length: 50 }, (_, i) => ({
      kind: "heard",
      atMs: i * 100,
      contentMs: i * 100,
    }));
    const report = liveReport([...frames(100, 9e9), ...heard]);
    expect(report.avOffsetMs).toMatchObject({ p50: 60, p99: 60 }); // frames show content 60 ms old
    expect(report.avNoticeable).toBe(1);
  });

  it("does not take a listener's smile for a reply", () => {
    const listener = frames(20, 300).map((frame) => ({ ...frame, speaking: false }));
    const reply: LiveEvent = { kind: "frame", atMs: 900, motion: 0.3, speaking: true };
    const report = liveReport([...listener, reply, { kind: "user-speech-ended", atMs: 200 }]);
    expect(report.voiceToFaceReplyMs).toMatchObject({ n: 1, p50: 700 });
  });

  it("counts frames that come late", () => {
    const late = frames(10, 9e9).filter((_, i) => i !== 4);
    expect(liveReport(late).deadlineMisses).toBeCloseTo(1 / 8, 9);
  });

  it("refuses a log without frames", () => expect(() => liveReport([])).toThrow(/at least one frame/));
});

it("LiveRecorder takes motion from the coefficients that it is told to watch", () => {
  const agent: RecordedAgent = {
    on: () => () => {},
    stats: () => ({ frames: 2, deliveredFrames: 2, droppedFrames: 0, skippedBlocks: 0 }),
  };
  const recorder = new LiveRecorder({ agent, nowMs: () => 0, watch: [1] });
  recorder.frame({ timestampMs: 0, blendshapes: [0, 0] });
  recorder.frame({ timestampMs: 40, blendshapes: [0.9, 0.25] });
  const motion = recorder.events.flatMap((event) => (event.kind === "frame" ? [event.motion] : []));
  expect(motion).toEqual([0, 0.25]);
});

it("LiveRecorder listens to an agent and stops when disposed", () => {
  const listeners = new Map<string, (end: { interrupted: boolean }) => void>();
  const agent: RecordedAgent = {
    on: (event: string, listener: (end: { interrupted: boolean }) => void) => {
      listeners.set(event, listener);
      return () => listeners.delete(event);
    },
    stats: () => ({ frames: 2, deliveredFrames: 2, droppedFrames: 0, skippedBlocks: 0 }),
  };
  let now = 1_000;
  const recorder = new LiveRecorder({ agent, nowMs: () => now, playoutMs: () => now - 1_000, requestedMs: 400 });
  recorder.userSpeechBegan();
  now = 1_040;
  recorder.frame({ timestampMs: 0, blendshapes: [0, 0] });
  now = 1_080;
  recorder.userSpeechEnded(10);
  listeners.get("utterance-started")!({ interrupted: false });
  recorder.frame({ timestampMs: 70, blendshapes: [0, 0.5] });
  const report = recorder.report();
  expect(report.firstFrameMs).toBe(640);
  expect(report.voiceToFaceListeningMs.p50).toBe(80);
  expect(report.voiceToVoiceMs.p50).toBe(10);
  expect(report.avOffsetMs.max).toBe(40);
  recorder.dispose();
  expect(listeners.size).toBe(0);
});

describe("captureReport", () => {
  /** A mouth that moves `lateMs` after each of a row of bursts. */
  function capture(lateMs: number): PageCapture {
    const bursts = Array.from({ length: 30 }, (_, i) => 500 + i * 331 + ((i * 7919) % 173));
    const within = (atMs: number, shift: number) => bursts.some((burst) => Math.abs(atMs - shift - burst) < 40);
    return {
      requestedMs: 0,
      pictures: Array.from({ length: 260 }, (_, i) => {
        const atMs = 200 + i * 40;
        const flash = atMs >= 2_300 && atMs < 2_340;
        return { atMs, change: flash ? 20 : within(atMs, lateMs) ? 4 : 0.2, mouth: within(atMs, lateMs) ? 10 : 0.1 };
      }),
      sound: Array.from({ length: 550 }, (_, i) => ({ atMs: i * 20, rms: within(i * 20, 0) ? 0.3 : 0.001 })),
      stimuliMs: [2_000, 9_000],
    };
  }

  it.each([0, 120, -120])("finds an offset of %i ms within 60", (lateMs) => {
    const report = captureReport(capture(lateMs));
    expect(report.avCorrelation).toBeGreaterThan(0.4);
    expect(Math.abs(report.avOffsetMs! - lateMs)).toBeLessThanOrEqual(60);
    expect(report.firstChangeMs).toBe(200);
    expect(report.pacing.fps).toBeCloseTo(25, 3);
    expect(report.reactionsMs).toEqual([320]); // the flash; nothing beyond the usual after the second stimulus
  });

  it("tells replies and interruptions by sound and mouth", () => {
    const still = Array.from({ length: 250 }, (_, i) => ({ atMs: i * 40, change: 0.2, mouth: 0.1 }));
    const pictures = still.map((picture) =>
      picture.atMs > 3_100 && picture.atMs < 5_000 ? { ...picture, mouth: 2 } : picture,
    );
    const sound = Array.from({ length: 500 }, (_, i) => ({
      atMs: i * 20,
      rms: i * 20 >= 3_060 && i * 20 < 4_120 ? 0.2 : 0,
    }));
    const report = captureReport({
      requestedMs: 0,
      pictures,
      sound,
      repliesMs: [3_000, 8_000],
      interruptionsMs: [4_000, 9_000],
    });
    expect(report.voiceToVoiceMs).toMatchObject({ n: 1, p50: 60 });
    expect(report.voiceToFaceMs).toMatchObject({ n: 1, p50: 120 });
    expect(report.bargeInMs).toMatchObject({ n: 1, p50: 100 }); // the last sound began at 4100
  });

  it("says nothing of sound where there was none", () => {
    const silent = { ...capture(0), sound: [] };
    expect(captureReport(silent)).toMatchObject({ avOffsetMs: undefined, avCorrelation: undefined });
  });
});
