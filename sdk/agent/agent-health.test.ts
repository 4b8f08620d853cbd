import { describe, expect, it } from "vitest";
import { EchoAgent } from "../agent.js";
import { EchoError } from "../base/errors.js";
import { ManualPlayoutClock } from "../frame/manual-playout-clock.js";
import type { AgentEvents } from "./agent-events.js";
import { FakeModel, SlowModel, setUp, TINY, tone } from "./fake-model.fixture.js";
import type { ServiceListener } from "./services/start-services.js";

describe("health of an agent", () => {
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
});
