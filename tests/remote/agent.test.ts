import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startServicesOn } from "../../sdk/agent/services/start-remote-services.js";
import { EchoAgent } from "../../sdk/index.js";
import { RendererService } from "../../sdk/remote/server/renderer-service.js";
import { Line } from "./line.js";
import { logged, PATIENT_MS, startTinyServer, TINY } from "./one-server.js";

const open: { dispose(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.dispose();
  vi.restoreAllMocks();
});

async function agentOn(url: string): Promise<EchoAgent> {
  const agent = await EchoAgent.create({ pack: TINY, backend: { remote: url }, assets: { workerUrl: "/nowhere" } });
  open.push(agent);
  return agent;
}

/** Pulls frames until `enough` says so. */
async function watch(agent: EchoAgent, enough: (seen: { index: number; state: string; jaw: number }[]) => boolean) {
  const seen: { index: number; state: string; jaw: number; timestampMs: number }[] = [];
  for await (const frame of agent.frames()) {
    seen.push({ index: frame.index, state: frame.state, jaw: frame.blendshapes[17]!, timestampMs: frame.timestampMs });
    frame.close();
    if (enough(seen)) break;
  }
  return seen;
}

describe("an agent whose head is rendered elsewhere", { timeout: PATIENT_MS }, () => {
  it("lives as a local one does: state, frames, speech, events", async () => {
    const server = await startTinyServer();
    open.push(server);
    const agent = await agentOn(server.url);
    expect(agent.state).toBe("listening");
    expect(agent.backend).toBe("remote (cpu)");
    const events: string[] = [];
    agent.on("utterance-started", () => events.push("started"));
    agent.on("utterance-finished", () => events.push("finished"));
    const seen = watch(
      agent,
      (frames) => frames.some(({ state }) => state === "speaking") && frames.at(-1)!.state === "listening",
    );
    const result = await agent.speak({ pcm: new Float32Array(16_000).fill(0.3), sampleRateHz: 16_000 }).finished;
    expect(result).toEqual({ playedMs: 1_000, interrupted: false });
    const frames = await seen;
    frames.forEach(({ index }, i) => {
      if (i > 0) expect(index).toBeGreaterThan(frames[i - 1]!.index);
    });
    expect(events).toEqual(["started", "finished"]);
    expect(agent.stats().stages).toHaveProperty("video-decoder");
  });

  it("is degraded while the line is down, goes on speaking, and is well again after", async () => {
    const line = await Line.open();
    const server = await startTinyServer({ publicUrl: line.url });
    open.push(line, server);
    line.target = `http://127.0.0.1:${server.port}`;
    const agent = await agentOn(line.target);
    const states: string[] = [];
    const errors: string[] = [];
    agent.on("state-changed", ({ to }) => states.push(to));
    agent.on("error", ({ error }) => errors.push(error.code));
    await watch(agent, (frames) => frames.length > 8);
    line.cut();
    await expect.poll(() => agent.state, { timeout: 60_000 }).toBe("degraded");
    const utterance = agent.speak({ pcm: new Float32Array(8_000).fill(0.3), sampleRateHz: 16_000 });
    expect(await utterance.finished).toEqual({ playedMs: 500, interrupted: false }); // by the clock, without a line
    line.mend();
    await expect.poll(() => agent.state, { timeout: 60_000 }).toBe("listening");
    expect(errors).toContain("connection-lost");
    expect(errors.every((code) => code === "connection-lost")).toBe(true);
  });

  it("keeps up over a way of 100 ms there and 100 ms back", async () => {
    const line = await Line.open({ delayMs: 100 });
    const server = await startTinyServer({ publicUrl: line.url });
    open.push(line, server);
    line.target = `http://127.0.0.1:${server.port}`;
    const agent = await agentOn(line.target);
    const frames = await watch(agent, (seen) => seen.length > 75);
    // Blocks of 160 ms over a way of 200 ms: one at a time would lose at least every fifth.
    const { skippedBlocks, leadMs } = agent.stats();
    expect(frames.length).toBeGreaterThan(75);
    expect(leadMs).toBeGreaterThan(200);
    expect(skippedBlocks).toBeLessThan(frames.at(-1)!.index / 4 / 5);
  });

  it("has fewer pictures painted where the server is too slow for all of them, and says so", async () => {
    const quick = RendererService.prototype.step;
    vi.spyOn(RendererService.prototype, "step").mockImplementation(async function (this: RendererService, head, input) {
      const output = await quick.call(this, head, input);
      const slowMs = 80 * output.rgba.length;
      await new Promise((resolve) => setTimeout(resolve, slowMs));
      return { ...output, stageMs: { ...output.stageMs, decoder: (output.stageMs.decoder ?? 0) + slowMs } };
    });
    const server = await startTinyServer();
    open.push(server);
    const agent = await agentOn(server.url);
    const changes: { from: string; reason: string }[] = [];
    agent.on("quality-changed", (change) => changes.push(change));
    void watch(agent, () => changes.length > 0);
    await expect.poll(() => changes.length, { timeout: 60_000 }).toBeGreaterThan(0);
    expect(changes[0]).toMatchObject({ from: "full", reason: expect.stringContaining("a block of 160 ms takes") });
    expect(agent.quality).not.toBe("full");
  });

  it("is not made when the server refuses, or is not there, or has another pack", async () => {
    const server = await startTinyServer({ tokenSecret: "a secret of thirty-two characters" });
    open.push(server);
    const create = (remote: string, token?: string) => EchoAgent.create({ pack: TINY, backend: { remote, token } });
    await expect(create(server.url)).rejects.toMatchObject({ code: "token-invalid" });
    await expect(create(server.url, "rubbish")).rejects.toMatchObject({ code: "token-invalid" });
    await expect(create("http://127.0.0.1:1")).rejects.toMatchObject({ code: "server-unreachable" });
    const free = await startTinyServer();
    open.push(free);
    const other = startServicesOn({ remote: free.url }, "0".repeat(64));
    await expect(EchoAgent.createWith({ pack: TINY, backend: { remote: free.url } }, other)).rejects.toMatchObject({
      code: "pack-differs",
    });
    expect(free.sessions).toBe(0);
  });

  it.each([
    [{ remote: "ftp://x" }, "options.backend.remote must be the http(s) address"],
    [{ remote: [] }, "options.backend.remote must be the http(s) address"],
    [{ remote: "http://x", token: "" }, "options.backend.token must be a text"],
    [{ remote: "http://x", secret: "s" }, "options.backend.secret is not an option"],
  ])("refuses the option %o", async (backend, rule) => {
    await expect(EchoAgent.create({ pack: TINY, backend: backend as never })).rejects.toThrow(rule);
  });
});

describe("what goes over the wire", { timeout: PATIENT_MS }, () => {
  it("no sample of the microphone, nothing of a face, and no word of the dialogue", async () => {
    const tap = await Tap.open();
    const server = await startTinyServer({ publicUrl: tap.url });
    open.push(tap, server);
    tap.port = server.port;
    const agent = await agentOn(tap.url);
    const marked = Float32Array.from({ length: 640 }, (_, i) => ((i * 7_919) % 1_000) / 1_000 - 0.5);
    const blendshapes = { jawOpen: 0.12345678, mouthSmileLeft: 0.87654321 };
    const words = "xylophone quartz";
    await watch(agent, (frames) => {
      agent.user.pushAudio({ pcm: marked, sampleRateHz: 16_000 });
      agent.user.pushFace({ blendshapes });
      agent.dialogue.add({ role: "user", text: words });
      return frames.length > 40;
    });
    await agent.dispose();
    const frames = framesOf(Buffer.concat(tap.up)); // websockets mask what goes up: it is looked at unmasked
    const up = Buffer.concat(frames);
    expect(up.length).toBeGreaterThan(50_000); // steps did go up
    const found = (needle: Uint8Array) => up.includes(Buffer.from(needle));
    expect(found(new TextEncoder().encode("step"))).toBe(true);
    const int16 = Int16Array.from(marked, (sample) => Math.round(sample * 32_767));
    for (let at = 0; at + 4 <= marked.length; at += 1) {
      expect(found(new Uint8Array(marked.slice(at, at + 4).buffer)), `float32 sample ${at}`).toBe(false);
      expect(found(new Uint8Array(int16.slice(at, at + 4).buffer)), `int16 sample ${at}`).toBe(false);
    }
    const face = Float32Array.of(blendshapes.jawOpen);
    expect(found(new Uint8Array(face.buffer))).toBe(false);
    expect(found(new Uint8Array(Float64Array.of(blendshapes.mouthSmileLeft).buffer))).toBe(false);
    expect(up.includes(words)).toBe(false);
    // The audio in the steps is the avatar's, which says nothing here: zeros, however loud the user is.
    const { Decoder } = await import("@msgpack/msgpack");
    const kinds = new Set<string>();
    for (const packet of frames) {
      const decoded = new Decoder().decode(packet) as { type: number; data?: [string, Record<string, unknown>] };
      if (decoded.type !== 2) continue;
      const [event, message] = decoded.data!;
      kinds.add(`${event}: ${Object.keys(message).sort().join(" ")}`);
      if (message.pcm instanceof Uint8Array) expect(message.pcm.every((byte) => byte === 0)).toBe(true);
    }
    const known =
      /^(step: (emotion )?expressivity fPu lau pcm (pictures )?sdcm seq( steps)?|ack: seq|end: |keyframe: |prime: pcm seq|rewind: blocks pcm seq)$/;
    expect([...kinds].filter((kind) => !known.test(kind))).toEqual([]);
    expect([...kinds].some((kind) => kind.startsWith("step: emotion"))).toBe(true);
    expect(logged.every((line) => !JSON.stringify(line).includes("xylophone"))).toBe(true);
  });
});

/** A line that keeps what goes up. */
class Tap {
  readonly up: Buffer[] = [];
  port = 0;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((near) => {
      const far = connect(this.port, "127.0.0.1");
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
      }
      near.on("data", (piece) => this.up.push(piece as Buffer));
      near.pipe(far).pipe(near);
    });
  }

  static async open(): Promise<Tap> {
    const tap = new Tap();
    await new Promise<void>((resolve) => tap.#server.listen(0, "127.0.0.1", resolve));
    return tap;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async dispose(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The binary messages in a client's websocket stream (RFC 6455 sec. 5.2: masked, here never in pieces). */
function framesOf(stream: Buffer): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let at = stream.indexOf("Upgrade: websocket");
  at = stream.indexOf("\r\n\r\n", at) + 4;
  while (at + 2 < stream.length) {
    const opcode = stream[at]! & 15;
    let length = stream[at + 1]! & 127;
    at += 2;
    if (length === 126) {
      length = stream.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(stream.readBigUInt64BE(at));
      at += 8;
    }
    const mask = stream.subarray(at, at + 4);
    const data = Uint8Array.from(stream.subarray(at + 4, at + 4 + length), (byte, i) => byte ^ mask[i % 4]!);
    at += 4 + length;
    if (opcode === 2) frames.push(data);
  }
  return frames;
}
