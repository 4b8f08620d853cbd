import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createSystemClock } from "./playout-clock.js";

afterEach(() => void vi.useRealTimers());

describe("a clock of the machine that is set to another time", () => {
  it("does not move the agent's clock", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const clock = createSystemClock();
    const before = clock.nowMs();
    const hourMs = 3_600_000;
    vi.setSystemTime(Date.now() + hourMs);
    const ahead = clock.nowMs();
    expect(ahead - before).toBeLessThan(hourMs / 2);
    vi.setSystemTime(Date.now() - 2 * hourMs);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(ahead);
  });

  it("is asked by no part of a head", () => {
    const sdk = fileURLToPath(new URL("..", import.meta.url));
    const parts = [
      "base",
      "capture",
      "perception",
      "lcu",
      "generator",
      "decoder",
      "frame",
      "agent",
      "runtime",
      "protocol",
    ];
    const sources = parts.flatMap((part) =>
      readdirSync(`${sdk}${part}`, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(file))
        .map((file) => `${part}/${file}`),
    );
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.filter((file) => /\bDate\.now\b|new Date\(/.test(readFileSync(`${sdk}${file}`, "utf8")))).toEqual(
      [],
    );
  });
});
