import { describe, expect, it } from "vitest";
import { FakeModel, JAW, RATE, setUp, TINY, tone } from "./agent/fake-model.fixture.js";
import { EchoAgent } from "./agent.js";
import type { EchoError } from "./base/errors.js";
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
