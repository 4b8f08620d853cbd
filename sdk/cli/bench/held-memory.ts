import { Session } from "node:inspector";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Runs the garbage collector of this thread: all of it, or over new objects only. */
export function collect(options?: { readonly type: "minor" }): void {
  setFlagsFromString("--expose-gc");
  collector ??= runInNewContext("gc") as typeof collect;
  collector(options);
}
let collector: typeof collect | undefined;

/**
 * What the process holds, in MB: its memory once every thread has collected its garbage, without the room that V8 keeps empty in their
 * heaps. Threads collect late at the pace of a bench, and the room depends on how much garbage was made: neither says what is held.
 */
export async function heldMb(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const emptyInThreads = await collectThreads();
  const { total_physical_size: taken, used_heap_size: used } = getHeapStatistics();
  const bytes = process.memoryUsage().rss - (taken - used) - emptyInThreads;
  return Math.round((bytes / 2 ** 20) * 10) / 10;
}

/** A message of a thread's inspector, in JSON. */
type ThreadMessage = { readonly params: { readonly sessionId: string; readonly message: string } };
type HeapUsage = { readonly usedSize: number; readonly totalSize: number };

/** Has the other threads of Node collect their garbage, through the inspector; gives the bytes that are empty in their heaps. */
async function collectThreads(): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    const threads: string[] = [];
    const waiting = new Map<number, (result: unknown) => void>();
    session.on("NodeWorker.attachedToWorker", ({ params }) => threads.push(params.sessionId));
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }: ThreadMessage) => {
      const { id, result } = JSON.parse(params.message) as { id: number; result: unknown };
      waiting.get(id)?.(result);
    });
    const ask = (sessionId: string, method: string): Promise<unknown> =>
      new Promise((resolve) => {
        const id = waiting.size + 1;
        waiting.set(id, resolve);
        session.post("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify({ id, method }) });
      });
    await new Promise<void>((resolve) =>
      session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, () => resolve()),
    );
    let empty = 0;
    for (const thread of threads) {
      for (let i = 0; i < 2; i++) await ask(thread, "HeapProfiler.collectGarbage");
      const { usedSize, totalSize } = (await ask(thread, "Runtime.getHeapUsage")) as HeapUsage;
      empty += totalSize - usedSize;
    }
    return empty;
  } finally {
    session.disconnect();
  }
}
