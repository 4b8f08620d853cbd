import { expect, it } from "vitest";
import { SerialQueue } from "./serial-queue.js";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it("runs jobs one after another", async () => {
  const queue = new SerialQueue("test");
  const order: string[] = [];
  const slow = queue.run(async () => {
    await pause(10);
    order.push("slow");
  });
  const quick = queue.run(() => void order.push("quick"));
  expect(queue.pending).toBe(2);
  await Promise.all([slow, quick]);
  expect(order).toEqual(["slow", "quick"]);
});

it("survives a first job that fails", async () => {
  const queue = new SerialQueue("test");
  const failing = queue.run(() => Promise.reject(new Error("first")));
  const next = queue.run(() => 2);
  await expect(failing).rejects.toThrow("first");
  await expect(next).resolves.toBe(2);
  await Promise.resolve();
  expect(queue.pending).toBe(0);
});

it("refuses what waits when it ends, and lets the running job finish", async () => {
  const queue = new SerialQueue("decoder");
  const running = queue.run(async () => {
    await pause(10);
    return "done";
  });
  const waiting = queue.run(() => "never");
  const refused = expect(waiting).rejects.toMatchObject({ code: "disposed", message: "decoder has been disposed" });
  await pause(1);
  await queue.dispose();
  await expect(running).resolves.toBe("done");
  await refused;
});
