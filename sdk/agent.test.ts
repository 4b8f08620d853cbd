import { describe, expect, it } from "vitest";
import type { AgentEvents } from "./agent/agent-events.js";
import { FakeModel, JAW, RATE, SlowModel, setUp, TINY, tone } from "./agent/fake-model.fixture.js";
import type { ServiceListener } from "./agent/services/start-services.js";
import { EchoAgent } from "./agent.js";
import { EchoError } from "./base/errors.js";
import { ManualPlayoutClock } from "./frame/manual-playout-clock.js";
import type { BehaviourEvidence } from "./protocol/dialogue.js";

describe("EchoAgent", () => {
  it("listens: a frame every 40 ms, each at its time, on and on", async () => {
    const { agent, pass, shown } = await setUp();
    await pass(2_000);
    expect(agent.state).toBe("listening");
    expect(shown.length).toBeGreaterThanOrEqual(40);
    shown.forEach((frame, i) => {
      expect(frame.index).toBe(i);
      expect(frame.atMs).toBeGreaterThanOrEqual(frame.timestampMs);
      expect(frame.atMs - frame.timestampMs).toBeLessThan(20);
      if (i > 0) expect(frame.timestampMs - shown[i - 1]!.timestampMs).toBe(40);
    });
    expect(agent.stats()).toMatchObject({ droppedFrames: 0, skippedBlocks: 0, skippedUserBlocks: 0 });
    expect(agent.stats().stages).toHaveProperty("lpe");
  });

  it("speaks in step: what is heard at a time is what the lips show at that time", async () => {
    const { agent, clock, pass, shown, events } = await setUp();
    await pass(500);
    const utterance = agent.speak(tone(1_000));
    await pass(2_500);
    const played = clock.scheduled.filter(({ utteranceId }) => utteranceId === utterance.id);
    const startMs = played[0]!.startMs;
    expect(played.reduce((sum, { pcm }) => sum + pcm.length, 0)).toBe(RATE);
    expect(startMs).toBeLessThan(500 + 330 + 240 + 10); // the lead, a block that has begun, the look-ahead
    played.forEach((piece, i) => {
      if (i > 0) expect(piece.startMs).toBeCloseTo(played[i - 1]!.startMs + played[i - 1]!.pcm.length / 16, 6);
    });
    expect(await utterance.finished).toEqual({ playedMs: 1_000, interrupted: false });
    const speaking = shown.filter(({ state }) => state === "speaking");
    expect(speaking[0]!.timestampMs).toBeCloseTo(startMs, 6);
    expect(speaking).toHaveLength(25);
    const names = events.map(({ name, payload }) => `${name} ${(payload as { to?: string }).to ?? ""}`.trim());
    expect(names).toEqual([
      "utterance-started",
      "state-changed speaking",
      "utterance-finished",
      "state-changed listening",
    ]);
  });

  it("puts the avatar's audio ahead of its block by two frames", async () => {
    const { agent, clock, model, pass } = await setUp();
    const ramp = { pcm: Float32Array.from({ length: RATE }, (_, i) => (i + 1) / 20_000), sampleRateHz: RATE };
    agent.speak(ramp);
    await pass(1_500);
    const first = model.steps.findIndex(({ pcm }) => pcm[0] !== 0);
    // Sample 0 of speech is the first sample of this block's audio: it is heard 80 ms after the block's first frame.
    expect(model.steps[first]!.pcm[0]).toBeCloseTo(1 / 20_000, 6);
    expect(model.steps[first + 1]!.pcm[0]).toBeCloseTo(2_561 / 20_000, 6);
    const blockStartMs = 320 + first * 160; // the first block is shown 320 ms after the start
    expect(clock.scheduled[0]!.startMs).toBeCloseTo(blockStartMs + 80, 6);
  });

  it("stops the lips within one block of an interruption, and speaks again", async () => {
    const { agent, clock, model, pass, shown } = await setUp();
    const utterance = agent.speak(tone(5_000));
    await pass(1_500);
    expect(agent.state).toBe("speaking");
    const cutMs = clock.nowMs();
    agent.interrupt();
    expect(agent.state).toBe("listening");
    expect(clock.cancelled).toEqual([{ utteranceId: utterance.id, atMs: cutMs }]);
    const { playedMs, interrupted } = await utterance.finished;
    expect(interrupted).toBe(true);
    expect(playedMs).toBeCloseTo(cutMs - clock.scheduled[0]!.startMs, -0.5);
    await pass(1_000);
    expect(model.calls.filter((call) => call.startsWith("rewind"))).toHaveLength(1);
    const after = shown.filter(({ timestampMs }) => timestampMs >= cutMs + 160);
    expect(after.length).toBeGreaterThan(15);
    for (const frame of after) expect(frame).toMatchObject({ jaw: 0, state: "listening" });
    const indices = shown.map(({ index }) => index);
    expect(indices).toEqual(indices.map((_, i) => i)); // none twice, none left out
    const again = agent.speak(tone(300));
    await pass(1_500);
    expect(await again.finished).toEqual({ playedMs: 300, interrupted: false });
  });

  it("survives a hundred interruptions at any moment", async () => {
    const { agent, clock, pass, shown } = await setUp();
    const results: Promise<{ interrupted: boolean }>[] = [];
    for (let i = 0; i < 100; i++) {
      results.push(agent.speak(tone(3_000)).finished);
      await pass(10 + ((i * 37) % 610));
      agent.interrupt();
      if (i % 7 === 0) agent.interrupt();
    }
    const cutMs = clock.nowMs();
    await pass(800);
    expect((await Promise.all(results)).every(({ interrupted }) => interrupted)).toBe(true);
    expect(shown.every(({ index }, i) => index === i)).toBe(true);
    expect(shown.filter(({ timestampMs }) => timestampMs >= cutMs + 160).every(({ jaw }) => jaw === 0)).toBe(true);
    expect(agent.state).toBe("listening");
    expect(agent.stats().skippedBlocks).toBe(0);
    const last = agent.speak(tone(200));
    await pass(1_200);
    expect((await last.finished).interrupted).toBe(false);
  });

  it("rests the lips while a stream of speech stalls, and goes on", async () => {
    const { agent, pass, shown, clock } = await setUp();
    let resume = (): void => {};
    async function* voice() {
      yield tone(640);
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
      yield tone(640);
    }
    const utterance = agent.speak(voice());
    await pass(2_000);
    expect(agent.state).toBe("speaking");
    const stalled = shown.at(-1)!;
    expect(stalled.jaw).toBe(0);
    resume();
    await pass(2_000);
    expect(await utterance.finished).toEqual({ playedMs: 1_280, interrupted: false });
    expect(clock.scheduled.reduce((sum, { pcm }) => sum + pcm.length, 0)).toBe(1_280 * 16);
    expect(shown.filter(({ jaw }) => jaw > 0).length).toBeGreaterThan(25);
  });

  it("ends an utterance whose stream breaks, with a recoverable error", async () => {
    const { agent, pass, events } = await setUp();
    async function* broken() {
      yield tone(320);
      throw new Error("the synthesiser hung up");
    }
    async function* notFinite() {
      yield { pcm: Float32Array.of(Number.NaN), sampleRateHz: RATE };
    }
    const first = agent.speak(broken());
    const second = agent.speak(notFinite());
    await pass(1_500);
    expect(await first.finished).toEqual({ playedMs: 320, interrupted: false });
    expect(await second.finished).toEqual({ playedMs: 0, interrupted: false });
    const errors = events
      .filter(({ name }) => name === "error")
      .map(({ payload }) => (payload as { error: EchoError }).error);
    expect(errors.map(({ code }) => code)).toEqual(["audio-stream-failed", "audio-stream-failed"]);
    expect(errors.map(({ message }) => message).join()).toContain("audio[0].pcm[0] must be finite, not NaN");
  });

  it("gives the model the user's newest block, and nothing that is older", async () => {
    const { agent, model, pass } = await setUp();
    await pass(400);
    agent.user.pushFace({ blendshapes: { jawOpen: 0.5 } });
    agent.user.pushAudio({ pcm: new Float32Array(3 * 7_680).fill(0.25), sampleRateHz: 48_000 });
    const before = model.lcuSteps.length;
    await pass(170);
    const { pcm, face, presence } = model.lcuSteps[before]!;
    expect(pcm[2_000]).toBeCloseTo(0.25, 3);
    expect(presence[3]).toBe(1);
    expect(face[3 * 58 + JAW]).toBeCloseTo(0.5, 6);
    expect(agent.stats().userSamples.dropped).toBeGreaterThan(2_000); // three blocks at once, two are kept
    agent.user.pushFace(null);
    await pass(400);
    expect([...model.lcuSteps.at(-1)!.presence]).toEqual([0, 0, 0, 0]);
  });

  it("changes the affect when something is said, without waiting for it", async () => {
    const { agent, model, pass, events } = await setUp();
    agent.dialogue.add({ role: "user", text: "I am so happy, this is wonderful!" });
    await pass(600);
    expect(model.texts).toHaveLength(2);
    expect(model.texts[1]).toMatch(/happy|joyful/);
    expect(model.steps.at(-1)!.emotion[0]).toBe(2);
    expect(events.map(({ name }) => name)).toContain("affect-changed");
  });

  it("never stalls a frame for a reasoner that is late or fails", async () => {
    let calls = 0;
    const reasoner = {
      infer: () => {
        calls += 1;
        return calls === 1 ? Promise.reject(new Error("no network")) : new Promise<never>(() => {});
      },
    };
    const { agent, pass, shown, events } = await setUp({ reasoner });
    agent.dialogue.add({ role: "user", text: "hello" });
    await pass(300);
    agent.dialogue.add({ role: "user", text: "hello?" });
    await pass(1_000);
    expect(shown.length).toBeGreaterThan(20);
    const errors = events
      .filter(({ name }) => name === "error")
      .map(({ payload }) => (payload as { error: EchoError }).error.code);
    expect(errors).toEqual(["reasoner-failed"]);
    expect(agent.state).toBe("listening");
  });

  it("leaves pictures out when the machine is too slow, but no sound", async () => {
    const model = new FakeModel();
    const { agent, clock, pass, shown } = await setUp({}, model);
    // Each block takes 400 ms of the clock, two and a half times too long.
    model.beforeStep = () => clock.waitUntil(clock.nowMs() + 400);
    const utterance = agent.speak(tone(4_000));
    await pass(6_000);
    expect((await utterance.finished).playedMs).toBe(4_000);
    const pieces = clock.scheduled;
    pieces.forEach((piece, i) => {
      if (i > 0) expect(piece.startMs).toBeCloseTo(pieces[i - 1]!.startMs + pieces[i - 1]!.pcm.length / 16, 6);
    });
    expect(agent.stats().skippedBlocks).toBeGreaterThan(10);
    expect(shown.length).toBeGreaterThan(10);
    for (const frame of shown.slice(12)) expect(frame.atMs - frame.timestampMs).toBeLessThan(720);
    expect(model.calls).toContain("prime");
  });

  it("leaves blocks out after the machine has slept, and goes on at once", async () => {
    const { clock, pass, shown } = await setUp();
    await pass(500);
    clock.advance(3_600_000);
    await pass(800);
    expect(shown.at(-1)!.timestampMs).toBeGreaterThan(3_600_500);
    expect(shown.length).toBeLessThan(60);
  });

  it("is degraded while a worker is being replaced, and well again", async () => {
    const model = new FakeModel();
    const { agent, pass, events, shown } = await setUp({}, model);
    let fails = 2;
    model.beforeStep = () => {
      if (fails-- > 0) throw new EchoError("worker-died", { worker: "generator", reason: "test" });
    };
    await pass(1_000);
    const states = events
      .filter(({ name }) => name === "state-changed")
      .map(({ payload }) => (payload as { to: string }).to);
    expect(states).toEqual(["degraded", "listening"]);
    expect(events.filter(({ name }) => name === "error")).toHaveLength(2);
    expect(agent.state).toBe("listening");
    expect(shown.length).toBeGreaterThan(5);
  });

  it("goes on with the next block when its generator dies between two pictures", async () => {
    const model = new SlowModel({ motionMs: 20, pictureMs: 10 });
    const { agent, clock, pass, events, shown } = await setUp({}, model);
    model.wait = (ms) => clock.waitUntil(clock.nowMs() + ms);
    await pass(1_000);
    const paint = model.generator.paint!;
    model.generator.paint = () => {
      model.generator.paint = paint;
      return Promise.reject(new EchoError("worker-died", { worker: "generator", reason: "test" }));
    };
    await pass(1_000);
    expect(events.map(({ name, payload }) => `${name} ${(payload as { to?: string }).to ?? ""}`.trim())).toEqual([
      "state-changed degraded",
      "error",
      "state-changed listening",
    ]);
    expect(agent.state).toBe("listening");
    const left = shown.filter(({ index }, i) => i > 0 && index !== shown[i - 1]!.index + 1);
    expect(left).toHaveLength(1); // the other pictures of that block, and nothing else
    expect(shown.at(-1)!.atMs).toBeGreaterThan(1_950);
  });

  it("says that it runs elsewhere than it should: from the start, and after a GPU was lost", async () => {
    const clock = new ManualPlayoutClock();
    const model = new FakeModel();
    let reload: ServiceListener["onReload"];
    const agent = await EchoAgent.createWith({ pack: TINY, clock }, async (_, hear) => {
      reload = hear.onReload;
      hear.onFallback("there are no threads");
      const size = { width: 2, height: 2 };
      return {
        lcu: model.lcu,
        generator: model.generator,
        lcuReport: { backend: "cpu" },
        generatorReport: { backend: "webgpu", downgrade: { from: "cuda", reason: "it is not there" }, ...size },
        dispose: async () => {},
      };
    });
    const told: AgentEvents["downgraded"][] = [];
    const warnings: string[] = [];
    agent.on("downgraded", (event) => told.push(event));
    agent.on("warning", ({ message }) => warnings.push(message));
    await expect.poll(() => told.length).toBe(1); // not before create() has returned: nobody could hear it
    expect(warnings).toEqual(["the model runs in the main thread: there are no threads"]);
    reload!("generator", { backend: "webgpu" }); // another thread, the same place
    reload!("generator", { backend: "wasm", downgrade: { from: "webgpu", reason: "there is no adapter" } });
    expect(told).toEqual([
      { from: "cuda", to: "webgpu", reason: "it is not there" },
      { from: "webgpu", to: "wasm", reason: "there is no adapter" },
    ]);
    expect(agent.backend).toBe("wasm");
    await agent.dispose();
  });

  it("goes on without its LCU, degraded", async () => {
    const model = new FakeModel();
    const { agent, pass, shown } = await setUp({}, model);
    model.beforeLcuStep = () => {
      throw new EchoError("worker-restarts-exhausted", { worker: "lcu", count: 3, reason: "test" });
    };
    await pass(1_000);
    expect(agent.state).toBe("degraded");
    expect(shown.length).toBeGreaterThan(15);
  });

  it("fails for its consumers when the generator is gone for good", async () => {
    const model = new FakeModel();
    const { agent, pass, watching } = await setUp({}, model);
    const utterance = agent.speak(tone(5_000));
    const outcome = expect(watching).rejects.toMatchObject({ code: "worker-restarts-exhausted" });
    model.beforeStep = () => {
      throw new EchoError("worker-restarts-exhausted", { worker: "generator", count: 3, reason: "test" });
    };
    await pass(500);
    await outcome;
    expect(agent.state).toBe("failed");
    expect((await utterance.finished).interrupted).toBe(true);
    expect(() => agent.speak(tone(10))).toThrow(EchoError);
  });

  it("ends everything when it is disposed, once", async () => {
    const { agent, pass, watching, model } = await setUp();
    const utterance = agent.speak(tone(5_000));
    await pass(1_000);
    await Promise.all([agent.dispose(), agent.dispose()]);
    await watching;
    expect((await utterance.finished).interrupted).toBe(true);
    expect(agent.state).toBe("disposed");
    expect(model.disposed).toBe(1);
    for (const use of [
      () => agent.speak(tone(10)),
      () => agent.interrupt(),
      () => agent.frames(),
      () => agent.user.pushAudio(tone(10)),
      () => agent.user.pushFace(null),
      () => agent.dialogue.add({ role: "user", text: "hello" }),
    ])
      expect(use).toThrow("the agent has been disposed");
  });

  it("refuses a caller's mistakes by their path", async () => {
    const { agent } = await setUp();
    const bad = (use: () => unknown, message: string): void => {
      expect(use).toThrow(TypeError);
      expect(use).toThrow(message);
    };
    bad(() => agent.speak(null as never), "audio must be { pcm, sampleRateHz }");
    bad(
      () => agent.speak({ pcm: Float32Array.of(0, Number.POSITIVE_INFINITY), sampleRateHz: RATE }),
      "audio.pcm[1] must be finite",
    );
    bad(() => agent.user.pushAudio({ pcm: new Float32Array(4), sampleRateHz: 1 }), "audio.sampleRateHz must be");
    bad(() => agent.user.pushFace({ blendshapes: { grin: 1 } }), "face.blendshapes.grin is not an ARKit coefficient");
    bad(() => agent.dialogue.add({ role: "host" as never, text: "a" }), "turn.role must be one of user, avatar");
    bad(() => agent.dialogue.add({ role: "user", text: "" }), "turn.text must be a text");
    bad(() => {
      agent.expressivity = 2;
    }, "agent.expressivity must be");
    for (let i = 0; i < 32; i++) agent.speak(tone(1_000));
    bad(() => agent.speak(tone(10)), "at most 32 utterances");
    const create = (options: object) => EchoAgent.create({ pack: TINY, ...options });
    await expect(create({ clock: {} })).rejects.toThrow("options.clock must have a method nowMs()");
    await expect(create({ fps: 30 })).rejects.toThrow("options.fps is not an option");
    await expect(create({ signal: AbortSignal.abort(new Error("never mind")) })).rejects.toThrow("never mind");
  });

  it("begins anew when a graph gives NaN, and fails when that does not help", async () => {
    const model = new FakeModel();
    const { agent, events, pass, shown, watching } = await setUp({}, model);
    const ended = watching.catch((error: unknown) => error);
    await pass(1_000);
    let broken = 1;
    model.beforeStep = () => {
      if (broken-- <= 0) return;
      throw new EchoError("graph-output-not-finite", { graph: "generator", value: "NaN", tensor: "x", index: 0 });
    };
    const frames = shown.length;
    await pass(1_000);
    expect(model.calls).toContain("reset");
    expect(shown.length - frames).toBeGreaterThan(15); // it went on within a second
    expect(agent.state).toBe("listening");
    broken = Number.POSITIVE_INFINITY;
    await pass(3_000);
    expect(agent.state).toBe("failed");
    const errors = events.filter(({ name }) => name === "error").map(({ payload }) => payload as { error: EchoError });
    expect(errors.map(({ error }) => error.code)).toEqual(new Array(4).fill("graph-output-not-finite"));
    expect(await ended).toMatchObject({ code: "graph-output-not-finite" });
  });

  it("paints fewer pictures where the machine is too slow, says so, and keeps time", async () => {
    const model = new FakeModel();
    const { agent, clock, pass, shown } = await setUp({}, model);
    const changes: string[] = [];
    agent.on("quality-changed", ({ from, to }) => changes.push(`${from} > ${to}`));
    // 30 ms a block and 50 ms a picture: a block of four pictures takes longer than it lasts.
    model.paintMs = 50;
    model.beforeStep = (input) => clock.waitUntil(clock.nowMs() + 30 + 50 * (input?.pictures ?? 4));
    await pass(6_000);
    expect(changes).toEqual(["full > half-rate"]);
    expect(agent.quality).toBe("half-rate");
    const frames = shown.length;
    const { skippedBlocks } = agent.stats();
    await pass(2_000);
    expect(shown.length - frames).toBeGreaterThanOrEqual(48); // blendshapes at full rate
    expect(agent.stats()).toMatchObject({ skippedBlocks, quality: "half-rate" });
    expect(model.steps.at(-1)).toMatchObject({ pictures: 2 });
  });

  it("stays on the rung that was asked for", async () => {
    const { agent, model, pass } = await setUp({ quality: "motion-only" });
    await pass(2_000);
    expect(agent.quality).toBe("motion-only");
    // One picture at first, so that there is something to show.
    expect(model.steps.map(({ pictures }) => pictures).slice(0, 4)).toEqual([1, 0, 0, 0]);
    expect(model.steps.at(-1)).toMatchObject({ pictures: 0, steps: 1 });
  });

  it("changes the avatar while it speaks", async () => {
    const { agent, pass, shown } = await setUp();
    await pass(500);
    const { finished } = agent.speak(tone(2_000));
    await pass(700);
    expect(agent.avatar).toBe("ada");
    await agent.setAvatar("kofi");
    expect(agent.avatar).toBe("kofi");
    await expect(agent.setAvatar("nobody")).rejects.toMatchObject({ code: "avatar-not-found" });
    await pass(2_500);
    expect(await finished).toEqual({ playedMs: 2_000, interrupted: false });
    expect(shown.map(({ index }) => index)).toEqual(shown.map((_, i) => i));
  });

  it("understands the user by something larger, in the background", async () => {
    const model = new FakeModel();
    const asked: { notes: number; turns: number; pictures: number }[] = [];
    let answer = "quite tired";
    const understanding = {
      everyS: 20,
      understand: async ({ notes, dialogue, pictures }: BehaviourEvidence) => {
        asked.push({ notes: notes.length, turns: dialogue.length, pictures: pictures.length });
        if (answer === "") throw new Error("no connection");
        return { text: answer };
      },
    };
    const { agent, events, pass } = await setUp({ understanding }, model);
    agent.dialogue.add({ role: "user", text: "It was a long day." });
    for (let i = 0; i < 45; i++) await pass(1_000);
    expect(asked).toEqual([
      { notes: expect.any(Number), turns: 1, pictures: 0 },
      { notes: expect.any(Number), turns: 1, pictures: 0 },
    ]);
    expect(asked[1]!.notes).toBeGreaterThan(asked[0]!.notes);
    expect(model.understood).toEqual(["quite tired", "quite tired"]);
    answer = "";
    for (let i = 0; i < 110; i++) await pass(1_000);
    expect(model.understood.at(-1)).toBeNull(); // too old: the pack's own network again
    expect(events.some(({ name }) => name === "error")).toBe(true);
    expect(agent.state).toBe("listening");
  }, 60_000);
});
