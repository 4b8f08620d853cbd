import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { heldMb } from "./held-memory.js";

/** Makes so many MB of objects when it is told to, and holds on to them or not. */
const THREAD = `
  const { parentPort } = require("node:worker_threads");
  const held = [];
  parentPort.on("message", ({ mb, hold }) => {
    for (let i = 0; i < mb; i++) {
      const objects = Array.from({ length: 2 ** 17 }, (_, n) => n + 0.5); // 1 MB
      if (hold) held.push(objects);
    }
    parentPort.postMessage("made");
  });
`;

it("counts what threads hold, not the garbage that they have made", async () => {
  const thread = new Worker(THREAD, { eval: true });
  const make = async (task: { mb: number; hold: boolean }): Promise<number> => {
    thread.postMessage(task);
    await once(thread, "message");
    return heldMb();
  };
  try {
    await make({ mb: 100, hold: false });
    const before = await heldMb();
    expect((await make({ mb: 100, hold: false })) - before).toBeLessThan(10);
    expect((await make({ mb: 100, hold: true })) - before).toBeGreaterThan(90);
  } finally {
    await thread.terminate();
  }
});
