import { ARKIT_BLENDSHAPES, EchoAgent, type QualityLevel, SpeechPlayer } from "../../sdk/index.js";
import { LiveRecorder } from "../../sdk/eval/live-recorder.js";
import type { LiveReport } from "../../sdk/eval/live-report.js";
import { asked, assets, button, createPainter, loadVoice } from "./page-parts.js";
import { cut, say } from "./person.js";
import { SAID } from "./said.js";

/** What the page tells of itself at the end. */
export type PageReport = {
  readonly backend: string;
  readonly quality: string;
  readonly qualityChanges: readonly string[];
  readonly blockMs: { readonly p50: number; readonly p95: number };
  readonly leadMs: number;
  readonly live: LiveReport;
};

declare global {
  interface Window {
    pageReport(): PageReport;
  }
}

const MOUTH = ARKIT_BLENDSHAPES.flatMap((name, i) => (/^(jaw|mouth)/.test(name) ? [i] : []));

async function start(): Promise<void> {
  const requestedMs = performance.now();
  const context = new AudioContext({ latencyHint: "interactive" });
  await context.resume();
  const player = await SpeechPlayer.create({ context, assets });
  const remote = asked.get("remote");
  const agent = await EchoAgent.create({
    pack: "/pack/",
    clock: player,
    assets,
    quality: (asked.get("quality") ?? "auto") as "auto" | QualityLevel,
    backend: remote === null ? "wasm" : { remote },
  });
  const recorder = new LiveRecorder({ agent, playoutMs: () => player.nowMs(), requestedMs, watch: MOUTH });
  const changes: string[] = [];
  agent.on("quality-changed", ({ to, reason }) => changes.push(`${to}: ${reason}`));
  void (async () => {
    for await (const frame of agent.frames()) {
      paint(frame);
      recorder.frame(frame);
      frame.close();
    }
  })();
  const [user, avatar] = await Promise.all([loadVoice(context, "user"), loadVoice(context, "avatar")]);
  let turn = 0;
  let hush = () => {};
  button("user", () => {
    recorder.userSpeechBegan();
    hush = say(agent.user, cut(user, SAID[turn % SAID.length]!.user));
  });
  button("reply", () => {
    hush();
    recorder.userSpeechEnded();
    agent.speak(cut(avatar, SAID[turn++ % SAID.length]!.avatar));
  });
  button("interrupt", () => {
    recorder.userSpeechBegan();
    agent.interrupt();
  });
  window.pageReport = () => {
    const { blockMs, leadMs } = agent.stats();
    const report = { backend: agent.backend, quality: agent.quality, qualityChanges: changes, blockMs, leadMs };
    return { ...report, live: recorder.report() };
  };
}

const paint = createPainter();
button("start", start);
