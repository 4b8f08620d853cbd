import { Decoder, encode } from "@msgpack/msgpack";
import { afterEach, describe, expect, it } from "vitest";
import { EchoError, isErrorCode } from "../../sdk/base/errors.js";
import { NormalRandom } from "../../sdk/base/normal-random.js";
import type { GeneratorStepInput } from "../../sdk/protocol/generator-worker.js";
import type { ServerMessages } from "../../sdk/protocol/remote.js";
import { createMessageChecks, createServerMessageChecks } from "../../sdk/protocol/remote-checks.js";
import type { RendererWorkerApi } from "../../sdk/protocol/renderer-worker.js";
import { ExactEncoder } from "../../sdk/remote/media/exact-pictures.js";
import { RemoteSession } from "../../sdk/remote/server/session.js";
import { createPacketParser } from "../../sdk/remote/wire/packet-parser.js";
import { conditions, PATIENT_MS, remoteGenerator, startTinyServer, voice } from "./one-server.js";
import { RawClient, stepMessage } from "./raw-client.js";

const random = new NormalRandom(2026);
const upTo = (n: number): number => random.nextUint32() % n;
const pick = <T>(list: readonly T[]): T => list[upTo(list.length)]!;
const POOL = Uint8Array.from({ length: 65_536 }, () => random.nextUint32() & 255);
const bytes = (length: number): Uint8Array => {
  const from = upTo(POOL.length - length);
  return POOL.subarray(from, from + length);
};
const STEP = stepMessage(0);

/** Any value that MessagePack can hold, and some that it cannot. */
function anything(depth = 0): unknown {
  const leaves: (() => unknown)[] = [
    () => undefined,
    () => null,
    () => upTo(2) === 1,
    () => random.nextUint32(),
    () => -upTo(1e9),
    () => upTo(1e6) / 7,
    () => Number.NaN,
    () => Number.POSITIVE_INFINITY,
    () => "x".repeat(upTo(100)),
    () => pick(["__proto__", "constructor", "toString", "step", "seq", "ada"]),
    () => bytes(upTo(64)),
    () => bytes(pick([5_120, 6_144, 4_096])),
  ];
  if (depth > 2 || upTo(3) > 0) return pick(leaves)();
  if (upTo(2) === 0) return Array.from({ length: upTo(6) }, () => anything(depth + 1));
  return Object.fromEntries(
    Array.from({ length: upTo(6) }, () => [pick(["seq", "pcm", "id", "x", "formats"]), anything(depth + 1)]),
  );
}

const EVENTS = [
  "step",
  "prime",
  "rewind",
  "reset",
  "avatar",
  "ack",
  "formats",
  "keyframe",
  "welcome",
  "block",
  "",
  "sudo",
  "toString",
];

/** A message near to a good one: a field changed, taken out or put in. */
function mutated(good: Record<string, unknown>): unknown {
  if (upTo(8) === 0) return anything();
  const message: Record<string, unknown> = { ...good };
  for (let i = upTo(3); i > 0; i--) {
    const key = pick([...Object.keys(good), "extra", "seq"]);
    if (upTo(3) === 0) delete message[key];
    else message[key] = anything(1);
  }
  return message;
}

describe("100,000 and more fuzzed messages", { timeout: 6 * PATIENT_MS }, () => {
  it("40,000 packets into the parser: a packet of socket.io, or a typed refusal, in bounded memory", () => {
    const parser = createPacketParser(65_536);
    const decoder = new parser.Decoder() as { on(e: string, f: (p: unknown) => void): void; add(data: unknown): void };
    let [taken, refused] = [0, 0];
    decoder.on("decoded", () => {
      taken += 1;
    });
    const good = encode({ type: 2, nsp: "/", data: ["ack", { seq: 1 }] });
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 40_000; i++) {
      let data: Uint8Array | string = bytes(upTo(200));
      if (i % 2 === 0) {
        data = good.slice();
        for (let k = upTo(4); k > 0; k--) data[upTo(data.length)] = upTo(256);
      } else if (i % 9 === 0) {
        data = encode({ type: upTo(8), nsp: pick(["/", "/admin", ""]), data: anything(), id: anything() });
      }
      try {
        decoder.add(data);
      } catch (error) {
        expect(EchoError.is(error)).toBe(true);
        refused += 1;
      }
    }
    expect(taken).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(10_000);
    // Headers that ask for 16 million elements, nested: notepack.io would reserve 128 MB for each.
    const bomb = Uint8Array.from({ length: 1_000 }, (_, i) => [0xdd, 0x01, 0x00, 0x00, 0x00][i % 5]!);
    for (let i = 0; i < 100; i++) expect(() => decoder.add(bomb)).toThrow("within the limits");
    expect(() => decoder.add("text")).toThrow("must be binary");
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
    expect(new Decoder().decode(good)).toMatchObject({ type: 2 }); // what was mutated was good
  });

  it("60,000 messages into a session: the renderer sees only what keeps to the rules, every answer is typed", async () => {
    const steps: GeneratorStepInput[] = [];
    const step = async (_: string, input: GeneratorStepInput) => {
      steps.push(input);
      if (steps.length > 50) steps.shift();
      const rgba = [new Uint8ClampedArray(16 * 16 * 4)];
      return { rgba, blendshapes: new Float32Array(208), pose: new Float32Array(24), stageMs: {} };
    };
    const nothing = async () => {};
    const renderer = { step, prime: nothing, rewind: nothing, reset: nothing, setAvatar: nothing, close: nothing };
    let nowMs = 0;
    const session = new RemoteSession({
      id: "fuzzed",
      key: "k",
      size: { width: 16, height: 16 },
      renderer: renderer as unknown as RendererWorkerApi,
      sizeOf: () => ({ width: 16, height: 16 }),
      check: createMessageChecks({ pcm: 2_560, fPu: 1_536, emotion: 1_024 }),
      openEncoder: async () => new ExactEncoder("raw", { width: 16, height: 16 }),
      blocksPerS: 6.25,
      observer: { blockSent() {}, picturesDropped() {}, refused() {}, failed: (reason) => expect.fail(reason) },
      nowMs: () => nowMs,
      onEnd: () => {},
    });
    let [answers, links, seq, sent] = [0, 0, 0, 0];
    let alive = false;
    const check = createServerMessageChecks();
    const attach = async () => {
      const link = {
        send: (event: keyof ServerMessages, message: unknown) => {
          answers += 1;
          expect(check(event, message), event).toBeUndefined();
          if (event === "refused") expect(isErrorCode((message as ServerMessages["refused"]).error.code)).toBe(true);
        },
        close: () => {
          alive = false;
        },
      };
      const { lastSeq } = await session.attach(link, ["raw"]);
      [seq, alive] = [lastSeq, true];
      links += 1;
      return link;
    };
    let link = await attach();
    while (sent < 60_000) {
      if (!alive) link = await attach();
      const event = pick(EVENTS);
      const good =
        event === "step"
          ? { ...STEP, seq: seq + 1 }
          : event === "rewind"
            ? { seq: seq + 1, blocks: 1, pcm: bytes(5_120) }
            : { seq: seq + 1 };
      session.receive(link, event, mutated(good));
      sent += 1;
      nowMs += 1_000; // no flood: the rules are what is tested
      if (sent % 7 === 0) {
        session.receive(link, "step", { ...STEP, seq: seq + 1 });
        sent += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
      seq = session.lastSeq;
    }
    expect(links).toBeGreaterThan(100);
    expect(answers).toBeGreaterThan(10_000);
    expect(steps.length).toBeGreaterThan(0);
    for (const { pcm, fPu, emotion, expressivity } of steps) {
      expect([pcm.length, fPu.length, emotion.length]).toEqual([2_560, 1_536, 1_024]);
      expect([...pcm, ...fPu, ...emotion, expressivity].every(Number.isFinite)).toBe(true);
    }
    session.end();
  });

  const open: { dispose(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.dispose();
  });

  it("5,000 messages over sockets: the server lives, and a good head beside them is as it was", async () => {
    const server = await startTinyServer({ maxSessions: 200, graceMs: 500 });
    open.push(server);
    const good = await remoteGenerator([server.url]);
    open.push(good.generator);
    let sent = 0;
    let block = 0;
    while (sent < 5_000) {
      const client = await RawClient.begin(server.url);
      for (let i = 0; i < 200 && client.closed === undefined; i++, sent++) {
        if (upTo(20) === 0) client.socket.io.engine.write(bytes(upTo(300)));
        else client.send(pick(EVENTS) || "x", mutated({ ...STEP, seq: 1 }));
        if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      client.send("end", {});
      client.close();
      if (sent % 1_000 < 200)
        expect((await good.generator.step({ ...conditions(), pcm: voice(block++) })).held).toBeUndefined();
    }
    expect(good.troubles).toEqual([]);
    expect((await fetch(new URL("/healthz", server.url))).status).toBe(200);
    await expect.poll(() => server.sessions, { timeout: 60_000 }).toBe(1);
  });

  it("5,000 answers into a client's checks: none throws, none that is wrong passes", () => {
    const check = createServerMessageChecks();
    const good = {
      seq: 1,
      blendshapes: new Uint8Array(832),
      pose: new Uint8Array(96),
      format: "raw",
      key: true,
      pictures: [bytes(3)],
      earlier: [],
      stageMs: { decoder: 1 },
    };
    expect(check("block", good)).toBeUndefined();
    let refused = 0;
    for (let i = 0; i < 5_000; i++)
      if (check(pick(["block", "done", "refused", "welcome", "draining"] as const), mutated(good))) refused += 1;
    expect(refused).toBeGreaterThan(3_000);
    expect(
      check("refused", { error: { code: "no-such-code", stage: "x", recoverable: true, message: "" } }),
    ).toBeDefined();
  });
});
