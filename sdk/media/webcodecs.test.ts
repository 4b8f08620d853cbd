import { expect, it, vi } from "vitest";
import { ChunkQueue, loadWebCodecs } from "./webcodecs.js";

it("says what to install where the encoders are absent", async () => {
  vi.doMock("@napi-rs/webcodecs", () => {
    throw new Error("Cannot find package '@napi-rs/webcodecs'");
  });
  await expect(loadWebCodecs("out.webm")).rejects.toMatchObject({
    code: "encode-failed",
    message: expect.stringMatching(
      /out\.webm: video needs the optional package: npm install @napi-rs\/webcodecs@1\.3\.1/,
    ),
  });
  vi.doUnmock("@napi-rs/webcodecs");
});

it("hands chunks over in order, and the first failure instead of more", () => {
  const queue = new ChunkQueue<number>();
  queue.put(1);
  queue.put(2);
  expect(queue.take()).toEqual([1, 2]);
  expect(queue.take()).toEqual([]);
  queue.put(3);
  queue.fail(new Error("first"));
  queue.fail(new Error("second"));
  expect(() => queue.take()).toThrow("first");
});
