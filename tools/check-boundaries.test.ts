import { expect, it } from "vitest";
import { checkSource, partOf } from "./check-boundaries.mjs";

it("knows the part of a file", () => {
  expect(partOf("sdk/lcu/lpe.ts")).toBe("lcu");
  expect(partOf("sdk/agent.ts")).toBe("agent");
  expect(partOf("sdk/agent/services/lcu-service.ts")).toBe("agent");
  expect(partOf("sdk/index.ts")).toBe("index");
  expect(partOf("plugins/babylon/index.ts")).toBe("plugins");
});

it("lets what is allowed pass", () => {
  expect(checkSource("sdk/pack/a.ts", 'import { x } from "../runtime/b.js";\nexport { y } from "./c.js";')).toEqual([]);
  expect(checkSource("sdk/lcu/a.ts", 'import type { X } from "../perception/types.js";')).toEqual([]);
  expect(checkSource("sdk/lcu/a.ts", 'import { type X, type Y } from "../perception/types.js";')).toEqual([]);
  expect(checkSource("plugins/obs/a.ts", 'import { EchoAgent } from "echo-head";')).toEqual([]);
  expect(checkSource("sdk/runtime/a.ts", 'import * as fs from "node:fs";')).toEqual([]);
});

it.each([
  ["sdk/base/a.ts", 'import type { X } from "../protocol/b.js";'],
  ["sdk/runtime/a.ts", 'import { loadPack } from "../pack/load-pack.js";'],
  ["sdk/lcu/a.ts", 'import {\n  type X,\n  y,\n} from "../perception/types.js";'],
  ["sdk/capture/a.ts", 'import type { X } from "../lcu/types.js";'],
  ["sdk/decoder/a.ts", 'export * from "../agent.js";'],
  ["sdk/pack/a.ts", 'const m = await import("../lcu/lpe.js");'],
  ["plugins/babylon/a.ts", 'import { EchoFrame } from "../../sdk/frame/echo-frame.js";'],
  ["sdk/agent.ts", 'import { EchoFrame } from "echo-head";'],
  ["sdk/newcomer/a.ts", ""],
])("reports %s: %s", (file, source) => {
  expect(checkSource(file, source)).toHaveLength(1);
});
