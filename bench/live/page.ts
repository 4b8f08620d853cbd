import { ARKIT_BLENDSHAPES, EchoAgent, type QualityLevel, SpeechPlayer } from "../../sdk/index.js";
import { LiveRecorder } from "../../sdk/eval/live-recorder.js";
import type { LiveReport } from "../../sdk/eval/live-report.js";
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
const CHUNK_MS = 20;

const asked = new URLSearchParams(location.search);
const assets = { ortWasmUrl: new URL("/ort/", location.href).href, workerUrl: "/workers/" };

document.body.style.margin = "0";
const canvas = document.body.appendChild(document.createElement("canvas"));
canvas.style.display = "block";
const button = (id: string, act: () => void | Promise<void>) => {
  const made = document.body.appendChild(document.createElement("button"));
  [made.id, made.textContent, made.onclick] = [id, id, () => void act()];
  return made;
};

/** Both sides of a recorded conversation; the measurer says when whose turn it is. */
async function voices(context: AudioContext): Promise<{ user: AudioBuffer; avatar: AudioBuffer }> {
  const decode = async (name: string) =>
    await context.decodeAudioData(await (await fetch(`/conversation/conversation.${name}.wav`)).arrayBuffer());
  return { user: await decode("user"), avatar: await decode("avatar") };
}

function cut(voice: AudioBuffer, [fromS, toS]: readonly [number, number]): Float32Array {
  return voice.getChannelData(0).slice(Math.floor(fromS * voice.sampleRate), Math.floor(toS * voice.sampleRate));
}

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
    const brush = canvas.getContext("2d")!;
    for await (const frame of agent.frames()) {
      if (canvas.width !== frame.width) [canvas.width, canvas.height] = [frame.width, frame.height];
      brush.putImageData(new ImageData(frame.rgba as Uint8ClampedArray<ArrayBuffer>, frame.width, frame.height), 0, 0);
      canvas.id = "shown";
      recorder.frame(frame);
      frame.close();
    }
  })();
  const { user, avatar } = await voices(context);
  let turn = 0;
  let speaking: ReturnType<typeof setInterval> | undefined;
  const quiet = () => clearInterval(speaking);
  const userSpeaks = () => {
    recorder.userSpeechBegan();
    const pcm = cut(user, SAID[turn % SAID.length]!.user);
    const size = (user.sampleRate * CHUNK_MS) / 1_000;
    const beganMs = performance.now();
    let sent = 0;
    speaking = setInterval(() => {
      while (sent * CHUNK_MS < performance.now() - beganMs && sent * size < pcm.length)
        agent.user.pushAudio({ pcm: pcm.slice(sent * size, ++sent * size), sampleRateHz: user.sampleRate });
      if (sent * size >= pcm.length) quiet();
    }, CHUNK_MS);
  };
  button("user", userSpeaks);
  button("reply", () => {
    quiet();
    recorder.userSpeechEnded();
    agent.speak({ pcm: cut(avatar, SAID[turn++ % SAID.length]!.avatar), sampleRateHz: avatar.sampleRate });
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

button("start", start);
