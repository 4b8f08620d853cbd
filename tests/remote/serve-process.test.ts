import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conditions, PATIENT_MS, remoteGenerator, TINY, voice } from "./one-server.js";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe("echo-head serve as a process", { timeout: PATIENT_MS }, () => {
  let folder: string;
  beforeAll(async () => {
    // As deep as dist/, so that the command finds its package.
    mkdirSync(at("../../build/"), { recursive: true });
    folder = mkdtempSync(at("../../build/serve-"));
    await build({
      entryPoints: { cli: at("../../sdk/cli/main.ts"), "renderer.worker": at("../../workers/renderer.worker.ts") },
      outdir: folder,
      bundle: true,
      splitting: true,
      format: "esm",
      target: "es2022",
      platform: "node",
      packages: "external",
      logLevel: "error",
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function serve(...args: string[]) {
    const child = spawn(process.execPath, [`${folder}/cli.js`, "serve", "--pack", TINY, ...args], { stdio: "pipe" });
    const told = { out: "", err: "" };
    child.stdout.on("data", (text) => {
      told.out += text;
    });
    child.stderr.on("data", (text) => {
      told.err += text;
    });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const url = async (): Promise<string> => {
      while (!told.out.includes("\n")) {
        if (child.exitCode !== null) throw new Error(told.err);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return /at (\S+)/.exec(told.out)![1]!;
    };
    return { child, told, ended, url };
  }

  it("renders in a thread, tells how it is, logs without content, and drains on SIGTERM", async () => {
    const server = serve("--port", "0", "--drain-seconds", "60");
    const url = await server.url();
    const { generator } = await remoteGenerator([url]);
    for (let block = 0; block < 3; block++) await generator.step({ ...conditions(), pcm: voice(block) });
    const health = (await (await fetch(new URL("/healthz", url))).json()) as Record<string, unknown>;
    expect(health).toMatchObject({
      ready: true,
      state: "ready",
      sessions: 1,
      capacity: 8,
      backend: "cpu",
      pack: "tiny",
    });
    await expect
      .poll(async () => (await fetch(new URL("/metrics", url))).text(), { timeout: 30_000 })
      .toMatch(/echo_head_graph_heads_total\{graph="generator"\} [1-9]/);
    const metrics = await (await fetch(new URL("/metrics", url))).text();
    expect(metrics).toContain("echo_head_blocks_total 3");
    expect(metrics).toContain('echo_head_sessions{state="connected"} 1');
    server.child.kill("SIGTERM");
    await expect.poll(async () => (await fetch(new URL("/healthz", url))).status, { timeout: 30_000 }).toBe(503);
    await generator.dispose();
    expect(await server.ended).toBe(0);
    const lines = server.told.err
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ level: "info", event: "listening", threads: "thread", tokens: false });
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["session-begun", "draining", "session-ended", "drained"]),
    );
    for (const line of lines) for (const value of Object.values(line)) expect(String(value).length).toBeLessThan(80);
  });

  it("ends with one line and a code when the port is taken or the address is public", async () => {
    const server = serve("--port", "0");
    const { port } = new URL(await server.url());
    const second = serve("--port", port);
    expect(await second.ended).toBe(1);
    expect(second.told.err).toMatch(/cannot listen on 127\.0\.0\.1:\d+: the port is taken.*\[server-cannot-listen\]/);
    const third = serve("--host", "0.0.0.0");
    expect(await third.ended).toBe(2);
    expect(third.told.err).toContain("--token-secret must be given to listen on 0.0.0.0");
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });
});
