import { expect, it } from "vitest";
import { chooseBackend } from "./backend-choice.js";

const gpu = (adapter: unknown) => ({ requestAdapter: async () => adapter as GPUAdapter | null });

it("takes what is asked for by name", async () => {
  expect(await chooseBackend("wasm", { node: false })).toEqual({ backend: "wasm" });
  expect(await chooseBackend("auto", { node: true })).toEqual({ backend: "cpu" });
});

it("takes WebGPU where a real adapter is", async () => {
  const adapter = { info: { vendor: "nvidia", architecture: "hopper", description: "" } };
  expect(await chooseBackend("auto", { node: false, gpu: gpu(adapter) })).toEqual({ backend: "webgpu" });
});

it.each([
  ["no WebGPU", undefined],
  ["found no adapter", gpu(null)],
  ["runs on the processor", gpu({ info: { vendor: "google", architecture: "swiftshader", description: "" } })],
  ["runs on the processor", gpu({ info: { vendor: "x", isFallbackAdapter: true } })],
  ["found no adapter", { requestAdapter: () => Promise.reject(new Error("blocked")) }],
])("falls back to WASM and says why: %s", async (reason, adapter) => {
  expect(await chooseBackend("auto", { node: false, gpu: adapter })).toEqual({
    backend: "wasm",
    downgrade: { from: "webgpu", reason: expect.stringContaining(reason) },
  });
});
