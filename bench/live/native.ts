import { setTimeout as sleep } from "node:timers/promises";
import { LiveRecorder } from "../../sdk/eval/live-recorder.js";
import { ARKIT_BLENDSHAPES, type EchoAgent, type QualityLevel } from "../../sdk/index.js";
import { openAudioFile } from "../../sdk/media/audio-file.js";
import type { PageReport } from "./page.js";
import { cut, say, smile, type Voice } from "./person.js";
import { type ListeningRun, type Planned, runMs, SEED, type ShownFrame } from "./reaction.js";
import { REACTED_TO, SAID } from "./said.js";

/** The built package, as a user has it. */
export type Package = { readonly EchoAgent: typeof EchoAgent };

const RATE_HZ = 16_000;
const USER_MS = 2_200;
const MOUTH = ARKIT_BLENDSHAPES.flatMap((name, i) => (/^(jaw|mouth)/.test(name) ? [i] : []));

/** The conversation of the pages on the native processor, without a page: frames count as presented when they are handed out, and no sound is played. */
export async function converseNatively(options: { made: Package; pack: string; folder: string; turns: number }): Promise<PageReport> {
  const { made, pack, folder, turns } = options;
  const [user, avatar] = [await readVoice(`${folder}/conversation.user.wav`), await readVoice(`${folder}/conversation.avatar.wav`)];
  const requestedMs = performance.now();
  const agent = await made.EchoAgent.create({ pack, backend: "cpu" });
  const recorder = new LiveRecorder({ agent, requestedMs, playoutMs: () => agent.nowMs, watch: MOUTH });
  const changes: string[] = [];
  agent.on("quality-changed", ({ to, reason }) => changes.push(`${to}: ${reason}`));
  const shown = (async () => {
    for await (const frame of agent.frames()) {
      recorder.frame(frame);
      frame.close();
    }
  })();
  await sleep(2_000);
  for (let turn = 0; turn < turns; turn++) {
    const said = SAID[turn % SAID.length]!;
    recorder.userSpeechBegan();
    const hush = say(agent.user, cut(user, said.user));
    await sleep(USER_MS);
    hush();
    recorder.userSpeechEnded();
    await agent.speak(cut(avatar, said.avatar)).finished;
    await sleep(1_200);
  }
  const { blockMs, leadMs } = agent.stats();
  const report = { backend: agent.backend, quality: agent.quality, qualityChanges: changes, blockMs, leadMs, live: recorder.report() };
  await agent.dispose();
  await shown;
  return report;
}

/** A head that only listens, without a page, from its beginning. */
export async function listenNatively(options: { made: Package; pack: string; folder: string; quality: QualityLevel }, planned: Planned): Promise<ListeningRun> {
  const { made, pack, folder, quality } = options;
  const voice = cut(await readVoice(`${folder}/conversation.user.wav`), REACTED_TO);
  const agent = await made.EchoAgent.create({ pack, backend: "cpu", quality, seed: SEED });
  const frames: ShownFrame[] = [];
  const shown = (async () => {
    for await (const frame of agent.frames()) {
      frames.push({ atMs: performance.now(), blendshapes: [...frame.blendshapes] });
      frame.close();
    }
  })();
  await sleep(planned?.afterMs ?? 0);
  let eventMs: number | undefined;
  let stop = () => {};
  if (planned !== undefined) {
    eventMs = performance.now();
    stop = planned.kind === "smile" ? smile(agent.user) : say(agent.user, voice);
  }
  await sleep(runMs(planned) - (planned?.afterMs ?? 0));
  stop();
  await agent.dispose();
  await shown;
  return { inside: { frames, eventMs } };
}

async function readVoice(file: string): Promise<Voice> {
  const chunks: Float32Array[] = [];
  for await (const chunk of (await openAudioFile(file)).mono({ sampleRateHz: RATE_HZ })) chunks.push(chunk);
  const pcm = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    pcm.set(chunk, at);
    at += chunk.length;
  }
  return { pcm, sampleRateHz: RATE_HZ };
}
