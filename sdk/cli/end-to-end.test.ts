import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from "mediabunny";
import { afterEach, beforeEach, expect, it } from "vitest";
import { COMMANDS } from "./commands.js";
import { runCaptured } from "./run-captured.fixture.js";

const ROOT = join(import.meta.dirname, "../..");
const PACK = join(ROOT, "fixtures/tiny-pack");
const SPEECH = join(ROOT, "fixtures/audio/speech.opus");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "echo-head-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => runCaptured(args, COMMANDS);

it("renders a recording with the graphs of a pack, the same twice", async () => {
  const csv: string[] = [];
  for (const name of ["a", "b"]) {
    const out = join(folder, `${name}.webm`);
    const table = join(folder, `${name}.csv`);
    const args = [
      "--pack",
      PACK,
      "--avatar-audio",
      SPEECH,
      "--user-audio",
      SPEECH,
      "--out",
      out,
      "--blendshapes",
      table,
    ];
    const result = await run("render", ...args, "--backend", "cpu", "--json");
    expect(result).toMatchObject({ code: 0, err: "" });
    const stats = JSON.parse(result.out);
    expect(stats).toMatchObject({ frames: 30, fps: 25, backend: "cpu", avatar: "ada" });
    expect(Object.keys(stats.stages)).toEqual(expect.arrayContaining(["lpe", "generator", "decoder"]));
    expect(stats.realTimeFactor).toBeGreaterThan(0);
    csv.push(readFileSync(table, "utf8"));
    const input = new Input({ source: new FilePathSource(out), formats: ALL_FORMATS });
    let pictures = 0;
    for await (const packet of new EncodedPacketSink((await input.getPrimaryVideoTrack())!).packets()) {
      expect(packet.sideData.alpha!.length).toBeGreaterThan(0);
      pictures += 1;
    }
    expect(pictures).toBe(30);
    expect(await input.getPrimaryAudioTrack()).not.toBeNull();
    input.dispose();
  }
  expect(csv[0]!.split("\n")).toHaveLength(32);
  expect(csv[1]).toBe(csv[0]);
});

it("benches a pack, every part", { timeout: 240_000 }, async () => {
  const short = ["--blocks", "4", "--minutes", "2", "--cycles", "3"];
  const result = await run("bench", "--pack", PACK, ...short, "--backend", "cpu", "--json");
  expect(result.code).toBe(0);
  const [cpu] = JSON.parse(result.out).results;
  expect(cpu).toMatchObject({ backend: "cpu", blocks: 4, frames: 16 });
  expect(cpu.stages.generator.p50).toBeGreaterThan(0);
  expect(cpu.graphs.outsideGraphs).toBeGreaterThan(0);
  expect(cpu.graphs.outsideGraphs).toBeLessThan(1);
  expect(cpu.graphs.peak.matrixProduct).toBeGreaterThan(1);
  expect(cpu.graphs.peak.convolution).toBeGreaterThan(1);
  expect(cpu.firstFrame.warmMs).toBeGreaterThan(0);
  expect(cpu.firstFrame.midListeningMs.p50).toBeGreaterThan(0);
  expect(cpu.steady).toMatchObject({ minutes: 2, lcuEarlyMs: expect.any(Number), earlyMb: expect.any(Number) });
  expect(cpu.steady.earlyMb).toBeGreaterThan(10);
  expect(cpu.cycles).toMatchObject({ cycles: 3 });
  expect(cpu.cycles.handlesAfter).toBeLessThanOrEqual(cpu.cycles.handlesBefore);
});
