import { expect, it } from "vitest";
import { DisposableStore } from "./disposal.js";

it("ends its things in reverse order, waiting for each", async () => {
  const store = new DisposableStore();
  const ended: string[] = [];
  store.add({ dispose: () => void ended.push("first") });
  store.add(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    ended.push("second");
  });
  await store.dispose();
  expect(ended).toEqual(["second", "first"]);
});

it("is idempotent", async () => {
  const store = new DisposableStore();
  let count = 0;
  store.add(() => count++);
  await Promise.all([store.dispose(), store.dispose()]);
  await store.dispose();
  expect(count).toBe(1);
  expect(store.disposed).toBe(true);
});

it("goes on after an error and then throws it", async () => {
  const store = new DisposableStore();
  let ended = false;
  store.add(() => {
    ended = true;
  });
  store.add(() => Promise.reject(new Error("stuck")));
  await expect(store.dispose()).rejects.toThrow("stuck");
  expect(ended).toBe(true);
});

it("ends at once what is added after the end", async () => {
  const store = new DisposableStore();
  await store.dispose();
  let ended = false;
  store.add(() => {
    ended = true;
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(ended).toBe(true);
});

it("works with await using", async () => {
  let ended = false;
  {
    await using store = new DisposableStore();
    store.add(() => {
      ended = true;
    });
  }
  expect(ended).toBe(true);
});
