import { EchoError } from "echo-head";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { FakeAgent } from "./fake-agent.fixture.js";
import { readPageMessage } from "./overlay-page.js";
import { type Overlay, type OverlayOptions, serveOverlay } from "./overlay-server.js";
import { CompanionTime } from "./page/companion-time.js";
import { readOptions } from "./page/options.js";
import { PictureQueue } from "./page/picture-queue.js";
import {
  type CompanionMessage,
  CREDIT,
  OVERLAY_VERSION,
  type PageMessage,
  type PictureMessage,
  readBinary,
  type SpeechMessage,
  writePicture,
  writeSpeech,
} from "./wire.js";

const WAIT = { timeout: 20_000 };
const PACK = "fixtures/tiny-pack";
let overlay: Overlay;
let agents: FakeAgent[] = [];

async function serve(options: Partial<OverlayOptions> = {}): Promise<void> {
  agents = [];
  overlay = await serveOverlay({
    port: 0,
    packs: [PACK],
    pageScript: "// the page",
    open: async (request, clock) => {
      const agent = new FakeAgent(request, clock);
      agents.push(agent);
      return agent;
    },
    ...options,
  });
}
afterEach(() => overlay?.dispose());

/** A page without a browser. */
class TestPage {
  readonly messages: CompanionMessage[] = [];
  readonly pictures: PictureMessage[] = [];
  readonly speech: SpeechMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  acks = true;
  readonly #socket: WebSocket;

  constructor(hello: object = {}, options: ConstructorParameters<typeof WebSocket>[2] = {}) {
    this.#socket = new WebSocket(`${overlay.url.replace("http", "ws")}stream`, options);
    this.#socket.binaryType = "arraybuffer";
    this.closed = new Promise((resolve) => {
      this.#socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
      this.#socket.on("error", (error) => resolve({ code: 0, reason: error.message }));
    });
    this.#socket.on("open", () =>
      this.send({ type: "hello", version: OVERLAY_VERSION, sound: true, visible: true, ...hello }),
    );
    this.#socket.on("message", (data: ArrayBuffer | Buffer, isBinary: boolean) => {
      if (!isBinary) {
        this.messages.push(JSON.parse(Buffer.from(data as ArrayBuffer).toString()) as CompanionMessage);
        return;
      }
      const message = readBinary(data as ArrayBuffer);
      if (message.kind === "speech") this.speech.push(message);
      else this.pictures.push(message);
      if (message.kind === "picture" && this.acks) this.send({ type: "ack", index: message.index });
    });
  }

  send(message: PageMessage | object): void {
    this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#socket.close();
  }

  /** Waits for a number of pictures. */
  async see(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.pictures.length).toBeGreaterThanOrEqual(count), WAIT);
  }
}

const post = (path: string, body?: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(`${overlay.url}${path}`, { method: "POST", body: (body ?? null) as BodyInit | null, headers });

async function* silence(ms: number) {
  yield { pcm: new Float32Array(ms * 16).fill(0.5), sampleRateHz: 16_000 };
}

describe("what goes over the wire", () => {
  it("is read as it was written", () => {
    const rgba = Uint8Array.from({ length: 2 * 3 * 4 }, (_, i) => i);
    const picture = { index: 70_000, width: 2, height: 3, timestampMs: 1e7 + 0.25, sentMs: 12.5, rgba };
    expect(readBinary(writePicture(picture).buffer as ArrayBuffer)).toEqual({ kind: "picture", ...picture });
    const pcm = Float32Array.from([0, 0.5, -1, 1]);
    const speech = { utterance: "utterance-12", startMs: -3, sentMs: 9, sampleRateHz: 24_000, channels: 2, pcm };
    expect(readBinary(writeSpeech(speech).buffer as ArrayBuffer)).toEqual({ kind: "speech", ...speech });
    expect(() => readBinary(new ArrayBuffer(10))).toThrow(RangeError);
    expect(() => readBinary(writePicture({ ...picture, height: 4 }).buffer as ArrayBuffer)).toThrow(/size/);
    expect(() => writeSpeech({ ...speech, utterance: "x".repeat(32) })).toThrow(RangeError);
  });

  it("refuses what no page of ours says", () => {
    for (const text of ["[]", "null", '{"type":"go"}', '{"type":"ack"}', '{"type":"ack","index":null}', "{"])
      expect(() => readPageMessage(text)).toThrow();
    expect(() => readPageMessage('{"type":"hello","version":1,"sound":true,"visible":1}')).toThrow(/visible/);
  });
});

describe("the page's parts", () => {
  it("reads its address, and says what is wrong with it", () => {
    expect(readOptions("", false)).toMatchObject({ scale: undefined, mirror: false, captions: false, sound: false });
    expect(readOptions("", true).sound).toBe(true);
    expect(
      readOptions("?pack=p&avatar=ada&remote=wss://x&scale=1.5&mirror&captions=1&sound=0&debug=true", true),
    ).toEqual({
      pack: "p",
      avatar: "ada",
      remote: "wss://x",
      scale: 1.5,
      mirror: true,
      captions: true,
      sound: false,
      debug: true,
    });
    expect(() => readOptions("?scale=big", true)).toThrow(/scale must be a number/);
    expect(() => readOptions("?mirror=maybe", true)).toThrow(/mirror must be 1 or 0/);
    expect(() => readOptions("?avatr=ada", true)).toThrow(/avatr is not known/);
  });

  it("knows the companion's time by its fastest messages", () => {
    const time = new CompanionTime();
    expect(time.known).toBe(false);
    for (const [sentMs, tookMs] of [
      [0, 9],
      [40, 4],
      [80, 30],
      [120, 5],
    ] as const)
      time.note(sentMs, 1_000 + sentMs + tookMs);
    expect(time.at(1_204)).toBe(200);
    expect(time.jitterMs).toBe(5);
    time.reset();
    expect(time.known).toBe(false);
  });

  it("shows the newest picture that is due and counts the ones it overtook", () => {
    const queue = new PictureQueue();
    const at = (timestampMs: number) => ({ timestampMs }) as PictureMessage;
    for (const ms of [0, 40, 80, 120]) queue.push(at(ms));
    expect(queue.take(-1)).toBeUndefined();
    expect(queue.take(85)!.timestampMs).toBe(80);
    expect(queue.take(85)).toBeUndefined();
    expect(queue.dropped).toBe(2);
    for (let i = 0; i < 20; i++) queue.push(at(200 + i));
    expect(queue.dropped).toBe(2 + 21 - 12);
  });
});

describe("the companion", () => {
  it("gives a page its head: name, delay, pictures", async () => {
    await serve();
    const page = new TestPage();
    await page.see(5);
    expect(page.messages[0]).toMatchObject({ type: "head", version: OVERLAY_VERSION, delayMs: 200 });
    expect(page.pictures[0]).toMatchObject({ width: 64, height: 64 });
    const [a, b] = [page.pictures[0]!, page.pictures[4]!];
    expect(b.timestampMs).toBeGreaterThan(a.timestampMs);
    const second = new TestPage();
    await second.see(1);
    expect(agents).toHaveLength(1); // both see the same head
    const health = await (await fetch(`${overlay.url}health`)).json();
    expect(health).toMatchObject({ ok: true, heads: [{ state: "listening", pages: [{ visible: true }, {}] }] });
    page.close();
    await vi.waitFor(async () => expect((await overlay.health()).heads[0]!.pages).toHaveLength(1), WAIT);
  });

  it("leaves pictures out for a page that takes none, and goes on when it does", async () => {
    await serve();
    const page = new TestPage();
    page.acks = false;
    await page.see(CREDIT);
    await vi.waitFor(async () => expect((await overlay.health()).heads[0]!.pages[0]!.skipped).toBeGreaterThan(3), WAIT);
    expect(page.pictures).toHaveLength(CREDIT);
    page.acks = true;
    for (const { index } of page.pictures) page.send({ type: "ack", index });
    await page.see(CREDIT + 3);
  });

  it("sends nothing to a source that is not shown, and starts no head for it", async () => {
    await serve();
    const page = new TestPage({ visible: false });
    await vi.waitFor(() => fetch(`${overlay.url}health`), WAIT);
    page.send({ type: "seen", visible: false, active: false });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(agents).toHaveLength(0);
    page.send({ type: "seen", visible: true, active: false });
    await page.see(2);
    page.send({ type: "seen", visible: false, active: false });
    await vi.waitFor(async () => expect((await overlay.health()).heads[0]!.pages[0]!.visible).toBe(false), WAIT);
    const count = page.pictures.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(page.pictures.length).toBeLessThanOrEqual(count + 1);
    page.send({ type: "seen", visible: false, active: true }); // on air counts as seen
    await page.see(count + 3);
  });

  it("ends a head that nobody sees, and starts it again for who looks", async () => {
    await serve({ idleMs: 300 });
    const page = new TestPage();
    await page.see(1);
    page.send({ type: "seen", visible: false, active: false });
    await vi.waitFor(() => expect(agents[0]!.state).toBe("disposed"), WAIT);
    expect((await overlay.health()).heads).toEqual([]);
    const count = page.pictures.length;
    page.send({ type: "seen", visible: true, active: true });
    await page.see(count + 2);
    expect(agents).toHaveLength(2);
  });

  it("keeps a head that speaks, seen or not", async () => {
    await serve({ idleMs: 300, synthesize: () => silence(60_000) });
    expect((await post("say", '{"text":"Hello"}')).status).toBe(202);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(agents[0]!.state).toBe("speaking");
    expect((await post("interrupt")).status).toBe(200);
    await vi.waitFor(() => expect(agents[0]!.state).toBe("disposed"), WAIT);
  });

  it("says why there is no head, and tries again when it is asked", async () => {
    let broken = true;
    await serve({
      open: async (request, clock) => {
        if (broken) throw new EchoError("worker-start-failed", { worker: "generator", reason: "test" });
        return new FakeAgent(request, clock);
      },
    });
    const page = new TestPage();
    await vi.waitFor(() => expect(page.messages).toHaveLength(1), WAIT);
    expect(page.messages[0]).toMatchObject({ type: "failure", code: "worker-start-failed" });
    broken = false;
    page.send({ type: "seen", visible: true, active: true });
    await page.see(1);
    const lost = new TestPage({ avatar: "nobody" });
    await vi.waitFor(() => expect(lost.messages[0]).toMatchObject({ code: "avatar-not-found" }), WAIT);
    const other = new TestPage({ pack: "/etc" });
    await vi.waitFor(() => expect(other.messages[0]).toMatchObject({ code: "pack-not-found" }), WAIT);
  });

  it("tells pages of a head that fails, and gives the next one a new head", async () => {
    await serve();
    const page = new TestPage();
    await page.see(1);
    agents[0]!.failure = new EchoError("agent-failed", { reason: "test" });
    await vi.waitFor(() => expect(page.messages.at(-1)).toMatchObject({ type: "failure", code: "agent-failed" }), WAIT);
    expect((await overlay.health()).ok).toBe(false);
    const count = page.pictures.length;
    page.send({ type: "seen", visible: true, active: true });
    await page.see(count + 2);
    expect(agents).toHaveLength(2);
  });

  it("speaks: sound with its time, captions, the end; and stops", async () => {
    const asked: string[] = [];
    await serve({ synthesize: (text) => silence(asked.push(text) === 1 ? 300 : 60_000) });
    const [page, mute] = [new TestPage(), new TestPage({ sound: false })];
    await Promise.all([page.see(1), mute.see(1)]);
    expect((await post("say", '{"text":"Hello there"}')).status).toBe(202);
    const told = (type: string) => page.messages.filter((message) => message.type === type);
    await vi.waitFor(() => expect(told("finished")).toHaveLength(1), WAIT);
    expect(asked).toEqual(["Hello there"]);
    expect(told("caption")).toEqual([{ type: "caption", utterance: "utterance-1", text: "Hello there" }]);
    expect(page.speech).toHaveLength(1);
    expect(page.speech[0]).toMatchObject({ utterance: "utterance-1", sampleRateHz: 16_000, channels: 1 });
    expect(page.speech[0]!.pcm).toHaveLength(4_800);
    expect(page.speech[0]!.startMs).toBeGreaterThan(page.pictures[0]!.timestampMs);
    expect(mute.speech).toHaveLength(0);
    expect(agents[0]!.turns).toEqual([{ role: "avatar", text: "Hello there" }]);
    await post("say", '{"text":"A long story"}');
    await vi.waitFor(() => expect(told("started")).toHaveLength(2), WAIT);
    await post("interrupt");
    await vi.waitFor(() => expect(told("cancel")).toMatchObject([{ utterance: "utterance-2" }]), WAIT);
  });

  it("drives the head that the address of a page names", async () => {
    await serve({ synthesize: () => silence(60_000) });
    const remote = "http://127.0.0.1:8787/";
    const page = new TestPage({ avatar: "kofi", remote });
    await page.see(1);
    await post(`say?avatar=kofi&remote=${encodeURIComponent(remote)}`, '{"text":"From over there"}');
    await vi.waitFor(() => expect(page.messages.some(({ type }) => type === "started")).toBe(true), WAIT);
    expect(agents.map(({ turns }) => turns)).toEqual([[{ role: "avatar", text: "From over there" }]]);
  });

  it("listens to samples as they come", async () => {
    await serve();
    const samples = new Uint8Array(Int16Array.from({ length: 3_200 }, (_, i) => 10 * (i % 100)).buffer);
    const answer = await post("hear?rate=16000&channels=2", samples);
    expect(await answer.json()).toEqual({ samples: 1_600 });
    const pcm = Float32Array.from(agents[0]!.heard.flatMap((chunk) => [...chunk.pcm]));
    expect(pcm).toHaveLength(3_200);
    expect(pcm[99]).toBeCloseTo(990 / 32_768, 6);
    expect((await post("dialogue", '{"role":"user","text":"Hi"}')).status).toBe(200);
    expect(agents[0]!.turns).toEqual([{ role: "user", text: "Hi" }]);
  });

  it("refuses what it does not understand", async () => {
    await serve();
    const refused = async (path: string, body: string | undefined, status: number, message: RegExp) => {
      const answer = await post(path, body);
      expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(message)]);
    };
    await refused("say", '{"text":"Hello"}', 501, /no voice/);
    await refused("speak", "RIFF", 501, /no recordings/);
    await refused("dialogue", '{"role":"cat","text":"x"}', 400, /role must be/);
    await refused("dialogue", "not json", 400, /JSON object/);
    await refused("hear?rate=fast", "", 400, /rate must be/);
    await refused("interrupt?avatar=nobody", "", 400, /nobody/);
    await refused("elsewhere", "", 404, /nothing here/);
  });

  it("talks to nobody but this machine's programs and its own pages", async () => {
    await serve();
    expect((await post("interrupt", "", { Origin: "https://evil.example" })).status).toBe(403);
    const foreign = new TestPage({}, { origin: "https://evil.example" });
    expect((await foreign.closed).reason).toMatch(/403/);
    const rebound = new TestPage({}, { headers: { Host: "evil.example" } });
    expect((await rebound.closed).reason).toMatch(/403/);
    const rude = new TestPage({ version: "one" });
    expect(await rude.closed).toMatchObject({ code: 1008 });
    const old = new TestPage({ version: 0 });
    await vi.waitFor(() => expect(old.messages[0]).toMatchObject({ type: "failure", code: "reload" }), WAIT);
    expect(agents).toHaveLength(0);
    const html = await fetch(overlay.url);
    expect(await html.text()).toContain("background: transparent");
    expect(await (await fetch(`${overlay.url}overlay-page.js`)).text()).toBe("// the page");
  });

  it("ends everything, once", async () => {
    await serve();
    const page = new TestPage();
    await page.see(1);
    await Promise.all([overlay.dispose(), overlay.dispose()]);
    expect(agents[0]!.state).toBe("disposed");
    expect((await page.closed).code).toBe(1001);
    await expect(fetch(overlay.url)).rejects.toThrow();
  });

  it("says when its port is taken", async () => {
    await serve();
    await expect(serveOverlay({ port: overlay.port, packs: [PACK], pageScript: "" })).rejects.toThrow(/EADDRINUSE/);
  });
});
