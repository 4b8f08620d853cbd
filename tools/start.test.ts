import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const running: ChildProcess[] = [];

/** Runs `npm start` as its script does, without building; resolves when it prints an address or ends. */
async function start(...options: string[]) {
  const child = spawn(process.execPath, ["tools/start.mjs", "--no-build", "--no-open", ...options], { cwd: root });
  running.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ended = once(child, "close").then(([code]) => code as number);
  const printed = new Promise<void>((resolve) =>
    child.stdout.on("data", () => output.includes("http://") && resolve()),
  );
  await Promise.race([printed, ended]);
  return { child, ended, output: () => output, address: /http:\/\/127\.0\.0\.1:\d+\//.exec(output)?.[0] ?? "" };
}

const tiny = ["--pack", "fixtures/tiny-pack"];

afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

describe("npm start", () => {
  it("serves the pack isolated, typed, in ranges and with validators", async () => {
    const { address } = await start("--port", "0", ...tiny);
    const manifest = await fetch(`${address}pack/manifest.json`);
    expect(manifest.status).toBe(200);
    expect(manifest.headers.get("content-type")).toMatch(/^application\/json/);
    expect(manifest.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(manifest.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    const again = await fetch(`${address}pack/manifest.json`, {
      headers: { "if-none-match": manifest.headers.get("etag") ?? "none" },
    });
    expect(again.status).toBe(304);
    const part = await fetch(`${address}conversation/conversation.user.wav`, { headers: { range: "bytes=0-3" } });
    expect(part.status).toBe(206);
    expect(await part.text()).toBe("RIFF");
    const wasm = await fetch(`${address}ort/ort-wasm-simd-threaded.wasm`, { method: "HEAD" });
    expect(wasm.headers.get("content-type")).toBe("application/wasm");
  });

  it("serves nothing outside its folders and takes no other method", async () => {
    const { address } = await start("--port", "0", ...tiny);
    for (const path of ["pack/..%2f..%2fpackage.json", "package.json", "pack/%2e%2e/%2e%2e/package.json", "nowhere"]) {
      expect((await fetch(address + path)).status, path).toBe(404);
    }
    expect((await fetch(address, { method: "POST" })).status).toBe(405);
    const front = await fetch(`${address}?avatar=kofi`, { redirect: "manual" });
    expect(front.headers.get("location")).toBe("/studio/?avatar=kofi");
  });

  it("takes the next port when one is taken, and says so", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as AddressInfo;
    const { address, output } = await start("--port", String(port), ...tiny);
    expect(address).not.toContain(`:${port}/`);
    expect(output()).toContain(`Port ${port} is taken`);
    blocker.close();
  });

  it("ends well on Ctrl+C", async () => {
    const { child, ended, output } = await start("--port", "0", ...tiny);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(output()).toContain("Stopped.");
  });

  it("names the option that is wrong and exits with 2", async () => {
    for (const [options, message] of [
      [["--port", "http", ...tiny], /--port must be/],
      [["--pack", "fixtures"], /--pack must be a folder with a manifest\.json/],
      [["--colour"], /--colour/],
    ] as const) {
      const { ended, output } = await start(...options);
      expect(await ended).toBe(2);
      expect(output()).toMatch(message);
    }
  });
});
