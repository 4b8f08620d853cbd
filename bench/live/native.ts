import { setTimeout as sleep } from "node:timers/promises";
import { type Distribution, distribution } from "../../sdk/eval/frame-timing.js";
import { LiveRecorder } from "../../sdk/eval/live-recorder.js";
import { ARKIT_BLENDSHAPES, type EchoAgent } from "../../sdk/index.js";
import { openAudioFile } from "../../sdk/media/audio-file.js";
import type { PageReport } from "./page.js";
import { SAID } from "./said.js";

/** What somebody who comes into view with a smile changes, and when: the same seconds with and without it, frame by frame. */
export type ReactionReport = {
  /** From the event to the first presented frame that differs from the frame of the same time in a run without it. */
  readonly reactionMs: Distribution;
  /** From the event to the first frame that differs by more than 0.05 in some coefficient. */
  readonly visibleReactionMs: Distribution;
  /** Runs that differed before the event (a block had been left out): not counted. */
  readonly spoiled: number;
};

/** The built package, as a user has it. */
export type Package = { readonly EchoAgent: typeof EchoAgent };

type Shown = { readonly atMs: number; readonly index: number; readonly blendshapes: Float32Array };

const RATE_HZ = 16_000;
const CHUNK_MS = 20;
const MOUTH = ARKIT_BLENDSHAPES.flatMap((name, i) => (/^(jaw|mouth)/.test(name) ? [i] : []));
/** Any change at all, and one that a viewer may see. */
const DIFFERENT = 1e-4;
const VISIBLE = 0.05;
const RUN_MS = 4_600;
const FIRST_EVENT_MS = 2_000;
/** Not a multiple of a block, so that events fall on all places of one. */
const NEXT_EVENT_MS = 233;
const SMILE = { mouthSmileLeft: 0.8, mouthSmileRight: 0.8, cheekSquintLeft: 0.4, cheekSquintRight: 0.4 };

/** The conversation of the pages on the native processor, without a page: frames count as presented when they are handed out, and no sound is played. */
export async function converseNatively(options: { made: Package; pack: string; folder: string; turns: number }): Promise<PageReport> {
  const { made, pack, folder, turns } = options;
  const [user, avatar] = [await samples(`${folder}/conversation.user.wav`), await samples(`${folder}/conversation.avatar.wav`)];
  const cut = (pcm: Float32Array, [fromS, toS]: readonly [number, number]) => pcm.slice(fromS * RATE_HZ, toS * RATE_HZ);
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
    const pcm = cut(user, said.user);
    const size = (RATE_HZ * CHUNK_MS) / 1_000;
    const beganMs = performance.now();
    for (let sent = 0; performance.now() - beganMs < 2_200; await sleep(CHUNK_MS))
      while (sent * CHUNK_MS < performance.now() - beganMs && sent * size < pcm.length)
        agent.user.pushAudio({ pcm: pcm.slice(sent * size, ++sent * size), sampleRateHz: RATE_HZ });
    recorder.userSpeechEnded();
    await agent.speak({ pcm: cut(avatar, said.avatar), sampleRateHz: RATE_HZ }).finished;
    await sleep(1_200);
  }
  const { blockMs, leadMs } = agent.stats();
  const report = { backend: agent.backend, quality: agent.quality, qualityChanges: changes, blockMs, leadMs, live: recorder.report() };
  await agent.dispose();
  await shown;
  return report;
}

/**
 * Reaction latency on the native processor, in real time and without a page: nobody is in view; in all runs but the first, somebody comes, smiling. Seeds are
 * equal, so whatever differs is the reaction. Every second picture is painted, so that no block is left out: motion is made at its full rate all the same.
 */
export async function measureReaction(options: { made: Package; pack: string; events: number }): Promise<ReactionReport> {
  const calm = new Map((await listen(options, undefined)).frames.map((frame) => [frame.index, frame.blendshapes]));
  const [any, visible]: [number[], number[]] = [[], []];
  let spoiled = 0;
  for (let i = 0; i < options.events; i++) {
    const { frames, eventMs } = await listen(options, FIRST_EVENT_MS + i * NEXT_EVENT_MS);
    const first = (least: number) =>
      frames.find(({ index, blendshapes }) => {
        const usual = calm.get(index);
        return usual !== undefined && blendshapes.some((value, k) => Math.abs(value - usual[k]!) > least);
      });
    const [changed, seen] = [first(DIFFERENT), first(VISIBLE)];
    if (changed === undefined || !(changed.atMs >= eventMs)) spoiled++;
    else {
      any.push(changed.atMs - eventMs);
      if (seen !== undefined) visible.push(seen.atMs - eventMs);
    }
  }
  return { reactionMs: distribution(any), visibleReactionMs: distribution(visible), spoiled };
}

async function listen(options: { made: Package; pack: string }, smileAtMs: number | undefined) {
  const agent = await options.made.EchoAgent.create({ pack: options.pack, backend: "cpu", quality: "half-rate", seed: 7 });
  const frames: Shown[] = [];
  let eventMs = Number.NaN;
  const face = setInterval(() => {
    if (smileAtMs === undefined || agent.nowMs < smileAtMs) return;
    if (Number.isNaN(eventMs)) eventMs = performance.now();
    agent.user.pushFace({ blendshapes: SMILE });
  }, 40);
  try {
    for await (const frame of agent.frames()) {
      frames.push({ atMs: performance.now(), index: frame.index, blendshapes: Float32Array.from(frame.blendshapes) });
      const ended = frame.timestampMs >= RUN_MS;
      frame.close();
      if (ended) break;
    }
    return { frames, eventMs };
  } finally {
    clearInterval(face);
    await agent.dispose();
  }
}

async function samples(file: string): Promise<Float32Array> {
  const chunks: Float32Array[] = [];
  for await (const chunk of (await openAudioFile(file)).mono({ sampleRateHz: RATE_HZ })) chunks.push(chunk);
  const pcm = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    pcm.set(chunk, at);
    at += chunk.length;
  }
  return pcm;
}
