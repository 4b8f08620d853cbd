import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { Overlay, OverlayOptions } from "../../plugins/obs/index.js";
import { ManualPlayoutClock } from "../frame/manual-playout-clock.js";
import { createOverlayCommand } from "./overlay.js";
import { runCommandLine } from "./run.js";

/** Runs the command with a server that does not serve; Ctrl-C comes when the command waits. */
async function run(args: readonly string[], failure?: Error, meanwhile?: (options: OverlayOptions) => Promise<void>) {
  let [out, err, disposed] = ["", "", 0];
  let options: OverlayOptions | undefined;
  const stop = new AbortController();
  const overlay = {
    url: "http://127.0.0.1:1234/",
    port: 1234,
    head: async () => {
      await meanwhile?.(options!);
      setTimeout(() => stop.abort(), 50);
      return { pack: "echo-nano", avatar: "ada", agent: { backend: "cpu" } };
    },
    dispose: async () => {
      disposed += 1;
    },
  } as unknown as Overlay;
  const command = createOverlayCommand(async (given) => {
    options = given;
    if (failure) throw failure;
    return overlay;
  });
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    isTty: false,
    signal: stop.signal,
  };
  const code = await runCommandLine(["overlay", ...args], io, [command]);
  return { code, out, err, disposed, options: options! };
}

describe("echo-head overlay", () => {
  it("serves until Ctrl-C, and ends everything", async () => {
    const { code, out, err, disposed, options } = await run([]);
    expect([code, out, disposed]).toEqual([0, "http://127.0.0.1:1234/\n", 1]);
    expect(err).toMatch(/echo-nano\/ada on cpu/);
    expect(options).toMatchObject({ packs: ["echo-nano"], port: undefined, idleMs: undefined });
  });

  it("passes on what it is asked", async () => {
    const asked = ["--pack", "a,./b", "--avatar", "ben", "--port", "0", "--delay", "120", "--idle", "5", "--json"];
    const { out, options } = await run([...asked, "--speech-url", "http://127.0.0.1:9/v1"]);
    expect(options).toMatchObject({ packs: ["a", "./b"], avatar: "ben", port: 0, delayMs: 120, idleMs: 5_000 });
    expect(JSON.parse(out)).toEqual({
      url: "http://127.0.0.1:1234/",
      port: 1234,
      pack: "echo-nano",
      avatar: "ada",
      backend: "cpu",
    });
    const speech = options.synthesize!("Hello", { signal: new AbortController().signal });
    await expect(speech[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "voice-service-failed" });
  });

  it("gives the token to the server of --remote, and to no other that a page names", async () => {
    process.env.ECHO_HEAD_TOKEN = "secret-token";
    const asked: { url: string; authorization: string | undefined }[] = [];
    const servers = [0, 1].map(() =>
      createServer(({ headers }, response) => {
        asked.push({ url: headers.host!, authorization: headers.authorization });
        response.writeHead(401, { "Content-Type": "application/json" }).end("{}");
      }),
    );
    try {
      const [named, foreign] = await Promise.all(
        servers.map(async (server) => {
          await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
          return `127.0.0.1:${(server.address() as AddressInfo).port}`;
        }),
      );
      await run(["--remote", `http://${named}/`], undefined, async ({ open }) => {
        const clock = new ManualPlayoutClock() as never;
        for (const remote of [undefined, `http://${named}`, `http://${foreign}`]) {
          const head = open!({ pack: "fixtures/tiny-pack", remote }, clock);
          await expect(head).rejects.toMatchObject({ code: "server-unreachable" });
        }
      });
      const tokens = (host: string) => new Set(asked.filter(({ url }) => url === host).map((one) => one.authorization));
      expect([...tokens(named!)]).toEqual(["Bearer secret-token"]);
      expect([...tokens(foreign!)]).toEqual([undefined]);
      expect((await run(["--remote", "render.example"])).err).toMatch(/--remote must be the http\(s\) address/);
    } finally {
      delete process.env.ECHO_HEAD_TOKEN;
      for (const server of servers) server.close();
    }
  });

  it("speaks recordings of the kinds that the other commands read", async () => {
    const { options } = await run([]);
    let samples = 0;
    for await (const { pcm, sampleRateHz } of options.decode!(readFileSync("fixtures/audio/speech.flac"))) {
      expect(sampleRateHz).toBe(24_000);
      samples += pcm.length;
    }
    expect(samples).toBeGreaterThan(24_000);
    const broken = options.decode!(new TextEncoder().encode("no sound"));
    await expect(broken[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "input-invalid" });
  });

  it("says when the port is taken, and what is wrong with an option", async () => {
    const taken = await run(["--port", "80"], Object.assign(new Error("listen"), { code: "EADDRINUSE" }));
    expect([taken.code, taken.err]).toEqual([
      2,
      expect.stringMatching(/the port is taken.*see echo-head overlay --help/),
    ]);
    expect((await run(["--idle", "0"])).err).toMatch(/--idle must be a whole number of at least 1/);
  });
});
