import { expect, it } from "vitest";
import { BoundedQueue } from "./bounded-queue.js";

it("drops the oldest when it is full, hands it over and counts it", () => {
  const closed: number[] = [];
  const queue = new BoundedQueue<number>(2, (item) => closed.push(item));
  for (const item of [1, 2, 3, 4]) queue.push(item);
  expect(closed).toEqual([1, 2]);
  expect(queue.dropped).toBe(2);
  expect(queue.length).toBe(2);
  expect(queue.peek()).toBe(3);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([3, 4, undefined]);
});

it("drains without counting", () => {
  const queue = new BoundedQueue<number>(3);
  queue.push(1);
  queue.push(2);
  expect(queue.drain()).toEqual([1, 2]);
  expect([queue.length, queue.dropped]).toEqual([0, 0]);
});

it("refuses a capacity of nothing", () => {
  expect(() => new BoundedQueue(0)).toThrow(TypeError);
});
