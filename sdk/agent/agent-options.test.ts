import { expect, it } from "vitest";
import { type AgentOptions, checkAgentOptions, isLent, isRemote } from "./agent-options.js";

const device = { createCommandEncoder: () => ({}) } as unknown as GPUDevice;
const check = (options: Partial<AgentOptions>) => () => checkAgentOptions({ pack: "echo-nano", ...options });

it("tells a lent device, a function that lends one and render servers apart", () => {
  const remote = { remote: "http://127.0.0.1:8787" };
  for (const backend of [{ device }, { device: () => device }, remote, "webgpu", undefined] as const)
    expect(check({ backend })).not.toThrow();
  expect([{ device }, remote, "cpu" as const, undefined].map(isLent)).toEqual([true, false, false, false]);
  expect([{ device }, remote, "cpu" as const, undefined].map(isRemote)).toEqual([false, true, false, false]);
});

it("refuses what is no device and no way of pictures", () => {
  const backend = { device: {} } as never;
  expect(check({ backend })).toThrow("options.backend.device must be a GPUDevice or a function that gives one");
  expect(check({ backend: { device, remote: "http://a" } as never })).toThrow(
    "options.backend.remote is not an option",
  );
  expect(check({ pictures: "texture" as never })).toThrow("options.pictures must be one of memory, gpu");
});
