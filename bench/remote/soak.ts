import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { PercentileCounter } from "../../sdk/base/percentiles.js";
import { describeMachine, ownCommit } from "../../sdk/cli/machine.js";
import { EchoAgent } from "../../sdk/index.js";
import { RenderServer } from "../../sdk/remote/server/index.js";
import { Line } from "../../tests/remote/line.js";

/** Options of {@link run}, as they stand on a command line. */
export type SoakOptions = Readonly<Record<"pack" | "ep" | "minutes" | "delay" | "loss", string>> & { sessions?: string };

/** How often the process is looked at. */
const LOOKS = 20;
/** Each agent speaks for so long, and is silent for as long. */
const SPEECH_S = 3;

/**
 * Several agents on one server, over a line that delays each direction and loses pieces, speaking half of the time. Tells how memory and
 * the frames' lateness went over the run, and what was dropped. Give node --expose-gc to see memory without what is only not yet freed.
 */
export async function run(options: SoakOptions) {
  const sessions = Number(options.sessions ?? 4);
  const line = await Line.open({ delayMs: Number(options.delay), loss: Number(options.loss) });
  const server = await RenderServer.start({
    pack: options.pack,
    backend: options.ep as "cpu",
    port: 0,
    publicUrl: line.url,
    maxSessions: sessions,
    log: () => {},
  });
  line.target = `http://127.0.0.1:${server.port}`;
  const heads = await Promise.all(Array.from({ length: sessions }, (_, i) => startHead(options.pack, line.target, i)));
  const looks = [];
  const everyMs = (Number(options.minutes) * 60_000) / LOOKS;
  for (let look = 0; look < LOOKS; look++) {
    await sleep(everyMs);
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    const lateMs = heads.map((head) => head.takeLateMs());
    looks.push({
      minute: round(((look + 1) * everyMs) / 60_000),
      mb: { rss: mb(rss), heap: mb(heapUsed), external: mb(external), arrayBuffers: mb(arrayBuffers) },
      frameLateMs: { p50: Math.max(...lateMs.map(({ p50 }) => p50)), p95: Math.max(...lateMs.map(({ p95 }) => p95)) },
      leadMs: round(Math.max(...heads.map(({ agent }) => agent.stats().leadMs))),
    });
    process.stderr.write(`${JSON.stringify(looks.at(-1))}\n`);
  }
  const agents = heads.map(({ agent, told }) => {
    const { frames, deliveredFrames, droppedFrames, skippedBlocks, blockMs } = agent.stats();
    return { frames, deliveredFrames, droppedFrames, skippedBlocks, blockMs, state: agent.state, ...told };
  });
  const metrics = await (await fetch(new URL("/metrics", line.target))).text();
  const metric = (name: string) => Number(new RegExp(`^echo_head_${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(metrics)?.[1] ?? 0);
  for (const { agent } of heads) await agent.dispose();
  await server.dispose();
  await line.dispose();
  const third = Math.floor(looks.length / 3);
  return {
    date: new Date().toISOString(),
    commit: ownCommit(),
    machine: describeMachine(),
    load: loadavg().map(round),
    pack: options.pack,
    minutes: Number(options.minutes),
    sessions,
    line: { delayMsEachWay: Number(options.delay), loss: Number(options.loss), ...line.counters },
    /** Between the end of the first third, when everything is warm, and the end. */
    growthMb: { heap: looks.at(-1)!.mb.heap - looks[third]!.mb.heap, arrayBuffers: looks.at(-1)!.mb.arrayBuffers - looks[third]!.mb.arrayBuffers },
    /** Median lateness of frames at the end, less that of the beginning. */
    driftMs: round(looks.at(-1)!.frameLateMs.p50 - looks[0]!.frameLateMs.p50),
    server: { blocks: metric("blocks_total"), droppedBlocks: metric("dropped_blocks_total"), resumed: metric("sessions_resumed_total") },
    agents,
    looks,
  };
}

async function startHead(pack: string, remote: string, index: number) {
  const agent = await EchoAgent.create({ pack, backend: { remote }, assets: { workerUrl: "/nowhere" } });
  const told = { utterances: 0, errors: {} as Record<string, number>, outOfOrder: 0 };
  agent.on("utterance-finished", () => {
    told.utterances += 1;
  });
  agent.on("error", ({ error }) => {
    told.errors[error.code] = (told.errors[error.code] ?? 0) + 1;
  });
  let late = new PercentileCounter();
  void (async () => {
    let last = -1;
    for await (const frame of agent.frames()) {
      late.add(agent.nowMs - frame.timestampMs);
      if (frame.index <= last) told.outOfOrder += 1;
      last = frame.index;
      frame.close();
    }
  })().catch(() => {}); // the agent failed: its state says so
  void (async () => {
    await sleep(500 * index);
    while (agent.state !== "disposed" && agent.state !== "failed") {
      const pcm = Float32Array.from({ length: 16_000 * SPEECH_S }, (_, n) => 0.3 * Math.sin(n * 0.03) * Math.sin(n * 0.0007));
      await agent.speak({ pcm, sampleRateHz: 16_000 }).finished.catch(() => {});
      await sleep(1_000 * SPEECH_S);
    }
  })().catch(() => {}); // disposed while it slept
  return {
    agent,
    told,
    takeLateMs: () => {
      const result = late.percentiles();
      late = new PercentileCounter();
      return result;
    },
  };
}

function mb(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
