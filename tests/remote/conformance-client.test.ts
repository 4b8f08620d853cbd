import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { afterEach, describe, expect, it } from "vitest";
import type { BlockMessage, WelcomeMessage } from "../../sdk/protocol/remote.js";
import { bytesOfFloats, floatsOfBytes } from "../../sdk/remote/wire/arrays.js";
import { createPacketParser } from "../../sdk/remote/wire/packet-parser.js";
import { conditions, PATIENT_MS, remoteGenerator, voice } from "./one-server.js";

const open: { dispose(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.dispose();
});

const WELCOME: WelcomeMessage = {
  protocol: 1,
  sessionId: "0".repeat(32),
  resumeToken: "first",
  resumed: false,
  lastSeq: 0,
  packHash: "x",
  width: 2,
  height: 2,
  format: "raw",
  window: 3,
  graceMs: 30_000,
  backend: "cpu",
};

function block(seq: number, level = 0.5, changes: object = {}): BlockMessage {
  return {
    seq,
    blendshapes: bytesOfFloats(new Float32Array(208).fill(level)),
    pose: bytesOfFloats(new Float32Array(24).fill(level)),
    format: "raw",
    key: true,
    pictures: Array.from({ length: 4 }, () => new Uint8Array(16).fill(200)),
    earlier: [],
    stageMs: {},
    ...changes,
  };
}

type Heard = { readonly event: string; readonly message: Record<string, unknown> };

/** A server that does what a test says, well-behaved or not. `answer` gets every message of a client. */
async function scriptedServer(script: {
  offer?: (() => unknown) | undefined;
  status?: number;
  welcome?: (auth: Record<string, unknown>, count: number) => unknown;
  answer?: (socket: Socket, event: string, message: Record<string, unknown>) => void;
}) {
  const heard: Heard[] = [];
  const auths: Record<string, unknown>[] = [];
  const http = createServer((request, response) => {
    request.resume();
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const body = script.offer ? script.offer() : { sessionId: "0".repeat(32), url, token: "t" };
    response.writeHead(script.status ?? 201, { "Content-Type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const io = new Server(http, {
    path: "/echo-head/socket",
    transports: ["websocket"],
    parser: createPacketParser(2 ** 26),
  });
  io.on("connection", (socket) => {
    auths.push(socket.handshake.auth);
    socket.onAny((event: string, message: Record<string, unknown>) => {
      heard.push({ event, message });
      script.answer?.(socket, event, message);
    });
    const welcome = script.welcome?.(socket.handshake.auth, auths.length) ?? WELCOME;
    if (welcome !== "nothing") socket.emit("welcome", welcome);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  open.push({ dispose: () => io.close() });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, heard, auths, io };
}

async function client(url: string, options: Parameters<typeof remoteGenerator>[1] = {}) {
  const made = await remoteGenerator([url], options);
  open.push(made.generator);
  return { ...made, step: (n: number) => made.generator.step({ ...conditions(), pcm: voice(n) }) };
}

const answerSteps = (socket: Socket, event: string, { seq }: Record<string, unknown>): void => {
  if (event === "step") socket.emit("block", block(seq as number));
  else if (["prime", "rewind", "reset", "avatar"].includes(event)) socket.emit("done", { seq });
};

describe("conformance of a client: beginning", { timeout: PATIENT_MS }, () => {
  it.each([
    ["no JSON", { offer: () => "<html>" }, "server-unreachable"],
    ["an offer without a token", { offer: () => ({ sessionId: "1", url: "http://x" }) }, "server-unreachable"],
    [
      "a refusal",
      {
        status: 503,
        offer: () => ({ error: { code: "server-full", stage: "remote", recoverable: false, message: "full" } }),
      },
      "server-full",
    ],
    [
      "a refusal that nobody knows",
      { status: 418, offer: () => ({ error: { code: "teapot", message: "" } }) },
      "server-unreachable",
    ],
    ["an empty welcome", { welcome: () => ({}) }, "server-unreachable"],
    ["a welcome of a giant", { welcome: () => ({ ...WELCOME, width: 1e9 }) }, "server-unreachable"],
    ["a welcome with a field too many", { welcome: () => ({ ...WELCOME, run: "rm" }) }, "server-unreachable"],
  ])("is told by a typed error: %s", async (_, script, code) => {
    const { url } = await scriptedServer(script);
    await expect(client(url)).rejects.toMatchObject({ code });
  });

  it("sends what the protocol says, and nothing else", async () => {
    const { url, heard, auths } = await scriptedServer({ answer: answerSteps });
    const { step, generator } = await client(url);
    expect(auths[0]).toEqual({ protocol: 1, formats: ["raw"], token: "t" });
    await step(0);
    await step(1);
    await generator.rewind({ blocks: 1, pcm: voice(0) });
    await generator.prime({ pcm: voice(0) });
    await generator.dispose();
    await expect
      .poll(() => heard.map(({ event }) => event))
      .toEqual(["step", "ack", "step", "ack", "rewind", "prime", "end"]);
    expect(heard.filter(({ message }) => "pcm" in message).map(({ message }) => message.seq)).toEqual([1, 2, 3, 4]);
    expect(Object.keys(heard[0]!.message).sort()).toEqual([
      "emotion",
      "expressivity",
      "fPu",
      "lau",
      "pcm",
      "sdcm",
      "seq",
    ]);
    expect(heard[2]!.message).not.toHaveProperty("emotion"); // it is that of the step before
    expect(heard[0]!.message.pcm).toHaveLength(5_120);
    expect(floatsOfBytes(heard[0]!.message.fPu as Uint8Array)).toEqual(conditions().fPu);
  });
});

describe("conformance of a client: a server that misbehaves", { timeout: PATIENT_MS }, () => {
  it.each([
    ["numbers that are NaN", block(1, Number.NaN)],
    ["no coefficients", block(1, 0, { blendshapes: new Uint8Array(3) })],
    ["a thousand pictures", block(1, 0, { pictures: Array.from({ length: 60 }, () => new Uint8Array(1)) })],
    ["text in the place of pictures", block(1, 0, { pictures: ["x"] })],
    ["no message", undefined],
  ])("tells of a block that is wrong, and takes the right one: %s", async (_, wrong) => {
    const { url } = await scriptedServer({
      answer: (socket, event) => {
        if (event !== "step") return;
        socket.emit("block", wrong);
        socket.emit("block", block(1));
      },
    });
    const { step, troubles } = await client(url);
    expect((await step(0)).blendshapes[0]).toBe(0.5);
    expect(troubles).toEqual(["message-invalid"]);
  });

  it("ignores answers to what it never asked, and surplus ones", async () => {
    const { url } = await scriptedServer({
      answer: (socket, event, message) => {
        socket.emit("done", { seq: 99 });
        socket.emit("block", block(98, 0.9));
        socket.emit("surprise", { a: 1 });
        answerSteps(socket, event, message);
        answerSteps(socket, event, message);
      },
    });
    const { step, troubles } = await client(url);
    expect((await step(0)).blendshapes[0]).toBe(0.5);
    expect((await step(1)).blendshapes[0]).toBe(0.5);
    expect(troubles).toEqual([]);
  });

  it("shows the last picture for blocks whose pictures were dropped, with their own coefficients", async () => {
    const { url } = await scriptedServer({
      answer: (socket, event, { seq }) => {
        if (event !== "step" || seq === 2 || seq === 3) return;
        const numbers = (n: number) => ({ seq: n, blendshapes: block(n, n / 10).blendshapes, pose: block(n).pose });
        socket.emit(
          "block",
          block(seq as number, (seq as number) / 10, {
            earlier: seq === 4 ? [numbers(2), numbers(3)] : [],
            stageMs: { generator: 50, decoder: 20, encoder: 10 },
          }),
        );
      },
    });
    const { step } = await client(url);
    const outputs = await Promise.all([0, 1, 2, 3].map(step));
    expect(outputs.map(({ blendshapes }) => Math.round(blendshapes[0]! * 10))).toEqual([1, 2, 3, 4]);
    expect(outputs.map(({ rgba }) => rgba.length)).toEqual([4, 1, 1, 4]);
    expect(outputs[1]!.rgba[0]).toEqual(outputs[0]!.rgba[3]);
    expect(outputs.map(({ dropped = false }) => dropped)).toEqual([false, true, true, false]);
    expect(outputs.map(({ workMs }) => workMs)).toEqual([80, undefined, undefined, 80]); // the server's, without the way
  });

  it("asks for a key picture when a chunk cannot be decoded, then for another format", async () => {
    const broken = { format: "png", pictures: Array.from({ length: 4 }, () => new Uint8Array(9)) };
    const { url, heard } = await scriptedServer({
      answer: (socket, event, { seq }) => {
        if (event !== "step") return;
        const asked = heard.some((one) => one.event === "formats");
        socket.emit("block", block(seq as number, 0.5, asked ? {} : broken));
      },
    });
    const { step } = await client(url, { formats: ["png", "raw"] });
    for (let n = 0; n < 3; n++) expect((await step(n)).rgba.length).toBe(n < 2 ? 1 : 4);
    const kinds = heard.map(({ event }) => event).filter((event) => event !== "step" && event !== "ack");
    expect(kinds).toEqual(["keyframe", "formats"]);
    expect(heard.find(({ event }) => event === "formats")!.message).toEqual({ formats: ["raw"] });
  });

  it("resumes with the newest token, primes with its last audio, and goes on counting", async () => {
    const { url, heard, auths, io } = await scriptedServer({
      welcome: (_, count) => (count === 1 ? WELCOME : { ...WELCOME, resumed: true, resumeToken: "second", lastSeq: 7 }),
      answer: answerSteps,
    });
    const { step, troubles } = await client(url);
    await step(0);
    io.disconnectSockets(true);
    await expect.poll(async () => (await step(1)).held ?? false, { timeout: 60_000 }).toBe(false);
    expect(auths[1]).toEqual({
      protocol: 1,
      formats: ["raw"],
      resume: { sessionId: WELCOME.sessionId, token: "first" },
    });
    const after = heard.filter(({ event }) => event === "prime" || event === "step").slice(1);
    expect(after[0]).toMatchObject({ event: "prime", message: { seq: 8 } });
    expect(after[1]).toMatchObject({ event: "step", message: { seq: 9 } });
    expect(after[1]!.message).toHaveProperty("emotion"); // the server may have forgotten it
    expect(troubles).toEqual(["connection-lost"]);
  });

  it("gives up with the server's reason when a new session is refused for good", async () => {
    const gone = { code: "session-lost", stage: "remote", recoverable: true, message: "gone" };
    const script = { status: 201, offer: undefined as (() => unknown) | undefined, answer: answerSteps };
    const { url, io } = await scriptedServer(script);
    io.use((socket, next) =>
      next("resume" in socket.handshake.auth ? Object.assign(new Error("gone"), { data: gone }) : undefined),
    );
    const { step, troubles } = await client(url);
    await step(0);
    script.status = 401;
    script.offer = () => ({
      error: { code: "token-expired", stage: "remote", recoverable: false, message: "expired" },
    });
    io.disconnectSockets(true);
    const outcome = () =>
      step(1).then(
        ({ held }) => held ?? false,
        (error: { code: string }) => error.code,
      );
    await expect.poll(outcome, { timeout: 60_000 }).toBe("token-expired");
    expect(troubles).toEqual(["connection-lost", "session-lost"]);
  });
});
