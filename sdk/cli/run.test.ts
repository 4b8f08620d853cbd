import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EchoError } from "../base/errors.js";
import { PackFiles } from "../pack/pack-files.fixture.js";
import { createBenchCommand } from "./bench.js";
import type { Command } from "./command.js";
import { exitCodeOf, UsageError } from "./exit-codes.js";
import { fakeRenderer } from "./fake-renderer.fixture.js";
import { mayHaveGpu } from "./machine.js";
import { packInfoCommand, packVerifyCommand } from "./pack.js";
import { durationText, Progress } from "./progress.js";
import { createRenderCommand } from "./render.js";
import { runCommandLine } from "./run.js";
import { runCaptured } from "./run-captured.fixture.js";

const PACK = join(import.meta.dirname, "../../fixtures/tiny-pack");

const failing: Command = {
  name: "pack fail",
  summary: "Fails.",
  positionals: ["<dir>"],
  options: { json: { help: "as JSON" } },
  run: async (_, [what]) => {
    if (what === "bug") throw new RangeError("a bug\n  of ours");
    throw new EchoError("pack-file-corrupt", { file: what!, reason: "it is torn" });
  },
};
const COMMANDS = [
  packVerifyCommand,
  packInfoCommand,
  createRenderCommand(fakeRenderer()),
  createBenchCommand(fakeRenderer()),
  failing,
];

const run = (...args: string[]) => runCaptured(args, COMMANDS);

describe("echo-head", () => {
  it("lists its commands", async () => {
    const help = await run("--help");
    expect(help.code).toBe(0);
    for (const { name } of COMMANDS) expect(help.out).toContain(`echo-head ${name}`);
    expect((await run()).code).toBe(2);
    expect((await run("pack", "--help")).out).toContain("echo-head pack fail <dir>");
    expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each(COMMANDS.map(({ name }) => name))("%s has --help that names every option", async (name) => {
    const { code, out, err } = await run(...name.split(" "), "--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const command = COMMANDS.find((one) => one.name === name)!;
    for (const option of Object.keys(command.options)) expect(out).toContain(`--${option}`);
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it("knows what it does not know", async () => {
    expect(await run("dance")).toMatchObject({ code: 2, err: expect.stringContaining('no command "dance"') });
    expect(await run("pack", "eat")).toMatchObject({ code: 2, err: expect.stringContaining('"pack eat"') });
    expect(await run("pack", "fail")).toMatchObject({ code: 2, err: expect.stringContaining("<dir> is missing") });
  });

  it("says what failed in one line, and as JSON where it is asked to", async () => {
    const { code, err, out } = await run("pack", "fail", "a.onnx", "--json");
    expect(code).toBe(3);
    expect(err).toBe("echo-head pack fail: a.onnx is damaged: it is torn [pack-file-corrupt]\n");
    expect(JSON.parse(out)).toEqual({ error: { code: "pack-file-corrupt", message: "a.onnx is damaged: it is torn" } });
    const bug = await run("pack", "fail", "bug");
    expect(bug.code).toBe(1);
    expect(bug.err).toMatch(/^echo-head pack fail: a bug of ours\nRangeError/);
  });
});

describe("exit codes", () => {
  it.each([
    [new UsageError("x"), 2],
    [new EchoError("input-invalid", { file: "a", place: "b", rule: "c" }), 2],
    [new EchoError("output-unwritable", { file: "a", reason: "b" }), 2],
    [new EchoError("avatar-not-found", { avatar: "a", known: "b" }), 2],
    [new EchoError("pack-not-found", { pack: "a", reason: "b" }), 3],
    [new EchoError("backend-unavailable", { backend: "cuda", reason: "b" }), 4],
    [new EchoError("encode-failed", { file: "a", reason: "b" }), 1],
    [new TypeError("undefined is not a function"), 1],
    [new DOMException("stop", "AbortError"), 130],
  ])("%s is %i", (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe("echo-head bench", () => {
  it("prints a table and JSON with machine, commit and a row a stage", async () => {
    const table = await run("bench", "--pack", PACK, "--blocks", "3", "--parts", "render", "--backend", "cpu");
    expect(table.code).toBe(0);
    expect(table.out).toMatch(/cores, \d+ GB, Node/);
    expect(table.out).toMatch(/cpu: 2\.00 x real time, first frame after 1 ms, 3 blocks/);
    expect(table.out).toMatch(/generator +1\.00 +2\.00/);
    const report = JSON.parse((await run("bench", "--pack", PACK, "--blocks", "3", "--parts", "render", "--json")).out);
    expect(report.machine.cpu).toEqual(expect.any(String));
    expect(report.blockMsAvailable).toBe(160);
    const backends = report.results.map(({ backend }: { backend: string }) => backend);
    expect(backends).toEqual(mayHaveGpu() ? ["cpu", "wasm", "webgpu", "cuda"] : ["cpu", "wasm"]);
    for (const result of report.results) expect(result).toMatchObject({ frames: 12, blocks: 3, realTimeFactor: 2 });
  });

  it("goes on when a backend is not here, unless it was asked for", async () => {
    const picky = createBenchCommand((options) => {
      if (options.backend === "wasm")
        throw new EchoError("backend-unavailable", { backend: "wasm", reason: "no luck" });
      return fakeRenderer()(options);
    });
    let out = "";
    const io = { out: (t: string) => (out += t), err: () => {}, isTty: false, signal: new AbortController().signal };
    expect(await runCommandLine(["bench", "--pack", PACK, "--blocks", "2", "--parts", "render"], io, [picky])).toBe(0);
    expect(out).toContain("wasm: not here (backend wasm cannot run here: no luck)");
    expect(await runCommandLine(["bench", "--pack", PACK, "--backend", "wasm"], io, [picky])).toBe(4);
  });

  it("refuses a number of blocks that is none", async () => {
    for (const blocks of ["0", "1.5", "many"])
      expect((await run("bench", "--blocks", blocks)).err).toContain("--blocks must be a whole number of at least 2");
    expect((await run("bench", "--pack", PACK, "--parts", "render,luck")).err).toContain('not "luck"');
  });
});

describe("echo-head pack", () => {
  let files: PackFiles;
  beforeEach(() => {
    files = new PackFiles();
  });
  afterEach(() => files.dispose());

  it("tells what is in a pack", async () => {
    const { code, out } = await run("pack", "info", PACK);
    expect(code).toBe(0);
    expect(out).toMatch(/^tiny 0\.1\.0, licence MIT/);
    expect(out).toMatch(/16 x 16 pixels, 25 fps, blocks of 160 ms/);
    expect(out).toMatch(/generator +[\d.]+ kB/);
    expect(JSON.parse((await run("pack", "info", PACK, "--json")).out)).toMatchObject({ name: "tiny", fps: 25 });
  });

  it("verifies a pack with its golden runs", async () => {
    const { code, out } = await run("pack", "verify", PACK, "--backend", "wasm");
    expect(code).toBe(0);
    expect(out).toMatch(/^tiny 0\.1\.0 is right: \d+ files/);
    expect(out).toMatch(/decoder \(ada\/full\) +off by \S+ in rgba, allowed/);
  });

  it("gives each fault its code, on stderr and as JSON", async () => {
    files.remove("behaviour/gca.onnx");
    const { code, err, out } = await run("pack", "verify", files.folder, "--json");
    expect(code).toBe(3);
    expect(err).toMatch(/the pack lacks behaviour\/gca\.onnx.* \[pack-file-missing\]\n$/);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "pack-file-missing" } });
    files.write("manifest.json", "{");
    expect((await run("pack", "info", files.folder)).err).toContain("[pack-manifest-invalid]");
    expect((await run("pack", "verify", join(files.folder, "none"))).err).toContain("[pack-not-found]");
  });
});

describe("progress", () => {
  function progress(isTty: boolean, forced: boolean) {
    let err = "";
    let nowMs = 0;
    const io = { out: () => {}, err: (t: string) => (err += t), isTty, signal: new AbortController().signal };
    const one = new Progress({ io, forced, now: () => nowMs });
    for (let i = 0; i < 100; i++, nowMs += 100) one.show(() => `frame ${i}`);
    one.clear();
    return err;
  }

  it("is drawn over itself in a terminal, and taken away", () => {
    const text = progress(true, false);
    expect(text.split("\r")).toHaveLength(100 + 3);
    expect(text).not.toContain("\n");
    expect(text.endsWith("\r")).toBe(true);
  });

  it("is a line every five seconds in a log, where it is asked for", () => {
    expect(progress(false, true)).toBe("frame 0\nframe 50\n");
    expect(progress(false, false)).toBe("");
  });

  it("speaks of time as people do", () => {
    expect([5, 65, 3_605].map(durationText)).toEqual(["5 s", "1:05 min", "1:00:05 h"]);
  });
});
