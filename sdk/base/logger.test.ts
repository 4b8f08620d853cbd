import { expect, it } from "vitest";
import { Logger, type LogSink } from "./logger.js";

it("tells what its level includes, with the names of the parts", () => {
  const lines: string[] = [];
  const sink: LogSink = (level, line) => lines.push(`${level} ${line}`);
  const logger = new Logger("agent", { level: "info", sink }).child("lcu");
  logger.error("a");
  logger.warning("b");
  logger.info("c");
  logger.debug("d");
  expect(lines).toEqual(["error [agent/lcu] a", "warning [agent/lcu] b", "info [agent/lcu] c"]);
});

it("tells nothing when it is silent", () => {
  const lines: string[] = [];
  new Logger("agent", { level: "silent", sink: (_, line) => lines.push(line) }).error("a");
  expect(lines).toEqual([]);
});
