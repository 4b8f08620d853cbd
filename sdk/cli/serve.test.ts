import { afterEach, describe, expect, it } from "vitest";
import { checkServeOptions, type ServeOptions } from "../remote/server/serve-options.js";
import { runCommandLine } from "./run.js";
import { createServeCommand } from "./serve.js";

/** Runs `echo-head serve` with a server that is none; it is stopped as soon as it listens. */
async function serve(args: readonly string[]) {
  const stop = new AbortController();
  const told = { out: "", err: "", drained: 0, options: undefined as ServeOptions | undefined };
  const command = createServeCommand(async (options) => {
    checkServeOptions(options);
    told.options = options;
    setTimeout(() => stop.abort());
    const drain = async (): Promise<void> => {
      told.drained += 1;
    };
    return { url: "http://127.0.0.1:8787", backend: "cpu", drain };
  });
  const io = {
    out: (text: string) => {
      told.out += text;
    },
    err: (text: string) => {
      told.err += text;
    },
    isTty: false,
    signal: stop.signal,
  };
  return { code: await runCommandLine(["serve", ...args], io, [command]), ...told };
}

afterEach(() => {
  delete process.env.ECHO_HEAD_TOKEN_SECRET;
});

describe("echo-head serve", () => {
  it("says where it renders, and drains when it is told to stop", async () => {
    const { code, out, drained, options } = await serve([]);
    expect({ code, out, drained }).toEqual({
      code: 0,
      out: "echo-head renders at http://127.0.0.1:8787 on cpu\n",
      drained: 1,
    });
    expect(options).toMatchObject({ tokenSecret: undefined, trustProxy: false });
  });

  it("hands its options on", async () => {
    const secret = "s".repeat(32);
    const { options } = await serve([
      ...[
        "--pack",
        "x",
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        "--public-url",
        "https://r.example",
        "--ep",
        "cuda",
        "--max-sessions",
        "40",
      ],
      ...[
        "--max-sessions-per-key",
        "2",
        "--max-batch",
        "16",
        "--token-secret",
        secret,
        "--redis",
        "redis://h:1",
        "--trust-proxy",
      ],
      ...["--allow-origin", "https://a.example,https://b.example", "--drain-seconds", "5", "--formats", "webp,png"],
    ]);
    expect(options).toMatchObject({
      ...{
        pack: "x",
        host: "0.0.0.0",
        port: 0,
        publicUrl: "https://r.example",
        backend: "cuda",
        maxSessions: 40,
        maxSessionsPerKey: 2,
      },
      ...{ maxBatch: 16, tokenSecret: secret, redis: "redis://h:1", trustProxy: true, drainMs: 5_000 },
      allowOrigins: ["https://a.example", "https://b.example"],
      formats: ["webp", "png"],
    });
  });

  it("takes the secret from the environment, where other users cannot read it", async () => {
    process.env.ECHO_HEAD_TOKEN_SECRET = "e".repeat(32);
    expect((await serve(["--host", "0.0.0.0"])).options?.tokenSecret).toBe("e".repeat(32));
  });

  it.each([
    [["--host", "0.0.0.0"], "--token-secret must be given to listen on 0.0.0.0"],
    [["--host", "192.168.1.4"], "--token-secret must be given to listen on 192.168.1.4"],
    [["--token-secret", "short"], "--token-secret must be a text of at least 32 characters"],
    [["--redis", "redis://h"], "--token-secret must be given with --redis"],
    [["--redis", "http://h", "--token-secret", "s".repeat(32)], "--redis must be an address that begins with redis://"],
    [["--public-url", "nonsense"], "--public-url must be an address that begins with http://"],
    [["--port", "70000"], "--port must be a whole number from 0 to 65535"],
    [["--formats", "png,gif"], '--formats must be a list of avc, vp8, webp, png, raw, not "gif"'],
    [["--ep", "abacus"], "--ep must be one of cpu, cuda, tensorrt, webgpu"],
  ])("refuses %j in its own words", async (args, words) => {
    const { code, err, options } = await serve(args);
    expect(code).toBe(2);
    expect(err).toContain(words);
    expect(options).toBeUndefined();
  });

  it.each(["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])("listens on %s without a secret", async (host) => {
    expect((await serve(["--host", host])).code).toBe(0);
  });
});
