import { expect, it } from "vitest";
import { EventEmitter } from "./events.js";

type Events = { ready: { size: number }; gone: undefined };

it("calls listeners in order and on() returns its undo", () => {
  const emitter = new EventEmitter<Events>();
  const heard: string[] = [];
  const off = emitter.on("ready", ({ size }) => heard.push(`a${size}`));
  emitter.on("ready", ({ size }) => heard.push(`b${size}`));
  emitter.emit("ready", { size: 1 });
  off();
  off();
  emitter.emit("ready", { size: 2 });
  expect(heard).toEqual(["a1", "b1", "b2"]);
});

it("hears once with once, also when the listener emits again", () => {
  const emitter = new EventEmitter<Events>();
  let count = 0;
  emitter.on(
    "gone",
    () => {
      count++;
      emitter.emit("gone", undefined);
    },
    { once: true },
  );
  emitter.emit("gone", undefined);
  expect(count).toBe(1);
  expect(emitter.listenerCount("gone")).toBe(0);
});

it("stops at the signal and ignores one that is aborted already", () => {
  const emitter = new EventEmitter<Events>();
  const controller = new AbortController();
  let count = 0;
  emitter.on("gone", () => count++, { signal: controller.signal });
  emitter.emit("gone", undefined);
  controller.abort();
  emitter.emit("gone", undefined);
  emitter.on("gone", () => count++, { signal: controller.signal });
  expect(count).toBe(1);
  expect(emitter.listenerCount("gone")).toBe(0);
});

it("contains a throwing listener: the next one still hears the event", () => {
  const contained: unknown[] = [];
  const emitter = new EventEmitter<Events>((error, event) => contained.push([event, (error as Error).message]));
  let heard = false;
  emitter.on("gone", () => {
    throw new Error("mine");
  });
  emitter.on("gone", () => {
    heard = true;
  });
  emitter.emit("gone", undefined);
  expect(heard).toBe(true);
  expect(contained).toEqual([["gone", "mine"]]);
});
