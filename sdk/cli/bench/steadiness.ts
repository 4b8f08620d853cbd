import { startServices } from "../../agent/services/start-services.js";
import { EchoAgent } from "../../agent.js";
import { PercentileCounter } from "../../base/percentiles.js";
import type { Pack } from "../../pack/pack.js";
import type { BackendName } from "../../protocol/backend.js";
import { converse } from "./graph-share.js";
import { collect, heldMb } from "./held-memory.js";

/** What changes over a long conversation. */
export type Steadiness = {
  /** Minutes of conversation, as fast as the machine goes. */
  readonly minutes: number;
  /** Median step in ms of an LCU that has listened for 10 s, and of this one; measured in turns, so that both meet the same load. */
  readonly lcuEarlyMs: number;
  readonly lcuLateMs: number;
  /**
   * What the process holds, the model's threads included, in MB: after a minute of conversation, at half time and at the end. Code is
   * compiled and pools fill for a quarter of an hour; what grows in the second half is a leak.
   */
  readonly earlyMb: number;
  readonly middleMb: number;
  readonly lateMb: number;
};

/** What is left of agents that came and went. */
export type Cycles = {
  readonly cycles: number;
  /** What the process holds in MB after the first few cycles, at half time, and after the last; pools fill for about 25 cycles. */
  readonly earlyMb: number;
  readonly middleMb: number;
  readonly lateMb: number;
  /** Threads, ports and timers that were there before the first and after the last. */
  readonly handlesBefore: number;
  readonly handlesAfter: number;
};

/** Blocks whose median counts. */
const WINDOW = 120;
/** Every so many blocks the generator speaks too: its states are as long as the LCU's are. */
const SPEAK_EVERY = 8;
/**
 * Every so many blocks what is no longer used is collected, about once a second of the conversation: at the pace of a talk V8 does that
 * by itself while it waits, at the pace of a bench it puts it off and takes new memory instead.
 */
const COLLECT_EVERY = 6;
/** Cycles after which the first memory is taken: pools and caches of the runtime have filled. */
const EARLY_CYCLES = 5;

/** Listens for `minutes` of conversation. */
export async function measureSteadiness(task: {
  pack: Pack;
  avatar: string;
  backend: BackendName;
  minutes: number;
  onBlock: (block: number, blocks: number) => void;
  signal: AbortSignal;
}): Promise<Steadiness> {
  const { pack, avatar, backend, minutes, onBlock, signal } = task;
  const { fps, blockFrames } = pack.manifest.clock;
  const blocks = Math.round((minutes * 60 * fps) / blockFrames);
  const minute = Math.round((60 * fps) / blockFrames);
  const talk = await openThreads(pack, avatar, backend);
  try {
    let [earlyMb, middleMb] = [0, 0];
    for (let block = 0; block < blocks; block++) {
      signal.throwIfAborted();
      const { fPu } = await talk.listen(block);
      if (block % SPEAK_EVERY === 0) await talk.speak(block, fPu, 1);
      if (block % COLLECT_EVERY === 0) collect({ type: "minor" });
      if (block === minute) earlyMb = await heldMb();
      if (block === Math.floor(blocks / 2)) middleMb = await heldMb();
      onBlock(block, blocks);
    }
    const lateMb = await heldMb();
    return { minutes, ...(await compareSteps(task, talk, blocks)), earlyMb, middleMb, lateMb };
  } finally {
    await talk.dispose();
  }
}

/** Both halves of the model in threads, as an agent has them. */
async function openThreads(pack: Pack, avatar: string, backend: BackendName) {
  const { lcu, generator, dispose } = await startServices({ pack: pack.source, avatar, backend, seed: 1 });
  const emotion = await lcu.setAffect("warm, happy");
  return { ...converse({ lcu, generator, emotion, clock: pack.manifest.clock }), dispose };
}

/** Steps of an LCU that is 10 s old, and of one that is `age` blocks old, in turns. */
async function compareSteps(
  { pack, avatar, backend }: { pack: Pack; avatar: string; backend: BackendName },
  old: Awaited<ReturnType<typeof openThreads>>,
  age: number,
): Promise<Pick<Steadiness, "lcuEarlyMs" | "lcuLateMs">> {
  const { fps, blockFrames } = pack.manifest.clock;
  const ten = Math.round((10 * fps) / blockFrames);
  const young = await openThreads(pack, avatar, backend);
  try {
    for (let block = 0; block < ten; block++) await young.listen(block);
    const [early, late] = [new PercentileCounter(), new PercentileCounter()];
    for (let i = 0; i < WINDOW; i++) {
      const startMs = performance.now();
      await young.listen(ten + i);
      const middleMs = performance.now();
      await old.listen(age + i);
      early.add(middleMs - startMs);
      late.add(performance.now() - middleMs);
    }
    return { lcuEarlyMs: early.percentiles().p50, lcuLateMs: late.percentiles().p50 };
  } finally {
    await young.dispose();
  }
}

/** Creates agents, lets each show a frame, and disposes of them. */
export async function measureCycles(task: {
  pack: Pack;
  avatar: string;
  backend: BackendName;
  cycles: number;
  onCycle: (cycle: number) => void;
  signal: AbortSignal;
}): Promise<Cycles> {
  const { pack, avatar, backend, cycles, onCycle, signal } = task;
  const handlesBefore = handles();
  let [earlyMb, middleMb] = [0, 0];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const agent = await EchoAgent.create({ pack, avatar, backend, signal });
    const { value } = await agent.frames().next();
    value?.close();
    await agent.dispose();
    if (cycle === Math.min(EARLY_CYCLES, cycles) - 1) earlyMb = await heldMb();
    if (cycle === Math.floor(cycles / 2)) middleMb = await heldMb();
    onCycle(cycle);
  }
  return { cycles, earlyMb, middleMb, lateMb: await heldMb(), handlesBefore, handlesAfter: handles() };
}

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort|Timeout/.test(name)).length;
}
