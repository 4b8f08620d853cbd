import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EchoAgent } from "../../agent.js";
import { PercentileCounter, type Percentiles } from "../../base/percentiles.js";
import type { Pack } from "../../pack/pack.js";
import type { BackendName } from "../../protocol/backend.js";

/** From nothing, from a process that has done it before, and from a head that listens, to a frame. Times in ms. */
export type FirstFrame = {
  /** From the start of a new process to its first frame; absent where the program cannot start itself. */
  readonly coldMs?: number;
  /** From `EchoAgent.create()` to the first frame, in a process that has loaded the pack before. */
  readonly warmMs: number;
  /** From `speak()` to the first frame of that speech, while the head listens. */
  readonly midListeningMs: Percentiles;
};

const UTTERANCES = 12;
/** The head has listened for so long before it is measured, in ms: its lead has settled. */
const SETTLE_MS = 5_000;

/** Measures all three. */
export async function measureFirstFrame(task: {
  pack: Pack;
  avatar: string;
  backend: BackendName;
  signal: AbortSignal;
}): Promise<FirstFrame> {
  const { pack, avatar, backend, signal } = task;
  const startMs = performance.now();
  const agent = await EchoAgent.create({ pack, avatar, backend, signal });
  try {
    const frames = agent.frames();
    const first = await frames.next();
    const warmMs = performance.now() - startMs;
    first.value?.close();
    const spoken = new PercentileCounter();
    let wanted: ((atMs: number) => void) | undefined;
    const watching = (async () => {
      for await (const frame of frames) {
        const { state } = frame;
        frame.close();
        if (state === "speaking") wanted?.(performance.now());
      }
    })();
    watching.catch(() => {}); // an agent that fails is told by what is awaited
    await pause(SETTLE_MS, signal);
    for (let i = 0; i < UTTERANCES; i++) {
      // At every place of a block, not always the same one.
      await pause(600 + 37 * i, signal);
      const sampleRateHz = 16_000;
      const pcm = Float32Array.from({ length: 24_000 }, (_, n) => 0.3 * Math.sin(n / 20));
      const seen = new Promise<number>((resolve) => {
        wanted = resolve;
      });
      const spokeMs = performance.now();
      const { finished } = agent.speak({ pcm, sampleRateHz });
      // A machine that is so slow that no frame of it is shown counts with all of the utterance.
      const unseen = finished.then(() => performance.now());
      spoken.add((await Promise.race([seen, unseen])) - spokeMs);
      wanted = undefined;
      agent.interrupt();
      await finished;
    }
    const cold = await coldStart(backend, pack, signal);
    return { ...(cold === undefined ? {} : { coldMs: cold }), warmMs, midListeningMs: spoken.percentiles() };
  } finally {
    await agent.dispose();
  }
}

/** Starts this program anew for one block, and measures until its first frame is there. */
async function coldStart(backend: BackendName, pack: Pack, signal: AbortSignal): Promise<number | undefined> {
  const program = process.argv[1];
  const { source } = pack;
  if (program === undefined || !/cli\.js$/.test(program) || !("folder" in source)) return undefined;
  const folder = source.folder.startsWith("file:") ? fileURLToPath(source.folder) : source.folder;
  const startMs = performance.now();
  const child = spawn(
    process.execPath,
    [program, "bench", "--parts", "warm-up", "--pack", folder, "--backend", backend],
    {
      stdio: ["ignore", "pipe", "ignore"],
      signal,
    },
  );
  return new Promise((resolve) => {
    child.stdout.once("data", () => resolve(performance.now() - startMs));
    child.once("error", () => resolve(undefined));
    child.once("close", () => resolve(undefined));
  });
}

/** What a cold start does: one frame, then it says so. */
export async function showFirstFrame(task: { pack: Pack; avatar: string; backend: BackendName }): Promise<void> {
  const agent = await EchoAgent.create(task);
  const { value } = await agent.frames().next();
  value?.close();
  await new Promise<void>((resolve) => process.stdout.write("first frame\n", () => resolve()));
  await agent.dispose();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve) => setTimeout(resolve, ms));
}
