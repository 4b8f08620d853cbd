import { afterEach } from "vitest";
import { EchoAgent } from "../agent.js";
import { ManualPlayoutClock } from "../frame/manual-playout-clock.js";
import type { GeneratorStepInput, GeneratorStepOutput, GeneratorWorkerApi } from "../protocol/generator-worker.js";
import type { LcuStepInput, LcuWorkerApi } from "../protocol/lcu-worker.js";
import type { AgentEvents } from "./agent-events.js";
import type { AgentOptions } from "./agent-options.js";

/** The tiny pack of the tests. */
export const TINY = new URL("../../fixtures/tiny-pack/", import.meta.url);
/** The model's sampling rate in Hz. */
export const RATE = 16_000;
/** Place of jawOpen. */
export const JAW = 17;

/** A model that opens the jaw as far as its audio is loud, and remembers what it was told. */
export class FakeModel {
  readonly lcuSteps: LcuStepInput[] = [];
  readonly steps: GeneratorStepInput[] = [];
  readonly calls: string[] = [];
  readonly texts: string[] = [];
  disposed = 0;
  /** Runs before each answer of the generator; may wait or throw. */
  beforeStep: (input?: GeneratorStepInput) => Promise<void> | void = () => {};
  /** What painting a picture is said to have taken, in ms. */
  paintMs = 0;
  /** What the LCU was told of the user's state. */
  readonly understood: (string | null)[] = [];
  beforeLcuStep: () => Promise<void> | void = () => {};
  /** Steps that may be under way; several where the generator is far away. */
  readonly blocksUnderWay: number = 1;

  readonly lcu: LcuWorkerApi = {
    load: async () => ({ backend: "cpu" }),
    step: async (input) => {
      await this.beforeLcuStep();
      this.lcuSteps.push(input);
      return { fPu: new Float32Array(12 * 128).fill(this.lcuSteps.length), stageMs: { lpe: 1 } };
    },
    setAffect: async (text) => {
      this.texts.push(text);
      return new Float32Array(8 * 128).fill(this.texts.length);
    },
    setUnderstanding: async (text) => void this.understood.push(text),
    reset: async () => {},
    dispose: async () => {},
  };

  readonly generator: GeneratorWorkerApi = {
    load: async () => ({ backend: "cpu", width: 2, height: 2 }),
    prime: async () => void this.calls.push("prime"),
    step: async (input) => {
      await this.beforeStep(input);
      this.steps.push(input);
      this.calls.push("step");
      return this.answer(input);
    },
    rewind: async ({ blocks, pcm }) =>
      void this.calls.push(`rewind ${blocks} ${pcm.some((v) => v !== 0) ? "loud" : "silent"}`),
    setAvatar: async () => {},
    reset: async () => void this.calls.push("reset"),
    dispose: async () => {},
  };

  /** Four frames. */
  protected answer(input: GeneratorStepInput): GeneratorStepOutput {
    const blendshapes = new Float32Array(4 * 52);
    for (let f = 0; f < 4; f++) {
      // What is heard in this frame: the audio runs two frames ahead of it, so frames 2 and 3 see the audio's first half.
      const part = input.pcm.subarray(Math.max(0, f - 2) * 640, Math.max(1, f - 1) * 640);
      blendshapes[f * 52 + JAW] = Math.max(...part);
    }
    return {
      rgba: Array.from({ length: input.pictures ?? 4 }, () => new Uint8ClampedArray(16)),
      blendshapes,
      pose: new Float32Array(24),
      stageMs: { generator: 2, decoder: this.paintMs * (input.pictures ?? 4) },
    };
  }
}

/** A model that takes its time on the agent's clock, and paints its pictures one by one, as the generator does on a processor. */
export class SlowModel extends FakeModel {
  /** Waits so many ms on the agent's clock. */
  wait: (ms: number) => Promise<void> = async () => {};
  /** Blocks whose pictures were painted to the end. */
  finished = 0;
  readonly #times: { readonly motionMs: number; readonly pictureMs: number };
  #left = 0;

  constructor(times: { motionMs: number; pictureMs: number }) {
    super();
    this.#times = times;
    const { motionMs, pictureMs } = times;
    this.beforeStep = (input) => this.wait(motionMs + (input?.paintNow ?? 4) * pictureMs);
    this.generator.paint = async () => {
      if (this.#left === 0) throw new TypeError("paint() has nothing to paint");
      await this.wait(pictureMs);
      this.#left -= 1;
      if (this.#left === 0) this.finished += 1;
      return { rgba: new Uint8ClampedArray(16), stageMs: { decoder: pictureMs } };
    };
  }

  protected override answer(input: GeneratorStepInput): GeneratorStepOutput {
    const { paintNow = 4, pictures = 4, paintFrom = 0 } = input;
    const leftOut = Math.floor((paintFrom * pictures) / 4);
    const output = super.answer({ ...input, pictures: Math.min(paintNow, pictures - leftOut) });
    this.#left = pictures - leftOut - output.rgba.length;
    return {
      ...output,
      leftOut,
      unpainted: this.#left,
      stageMs: { decoder: output.rgba.length * this.#times.pictureMs },
    };
  }
}

const agents: EchoAgent[] = [];
afterEach(() => Promise.all(agents.splice(0).map((agent) => agent.dispose())));

/** An agent with that model, on a clock that a test moves; it is disposed of after the test. */
export async function setUp(options: Partial<AgentOptions> = {}, model = new FakeModel()) {
  const clock = new ManualPlayoutClock();
  const agent = await EchoAgent.createWith({ pack: TINY, clock, ...options }, async () => ({
    lcu: model.lcu,
    generator: model.generator,
    blocksUnderWay: model.blocksUnderWay,
    lcuReport: { backend: "cpu" },
    generatorReport: { backend: "cpu", width: 2, height: 2 },
    dispose: async () => {
      model.disposed += 1;
      clock.advance(10_000); // what the fake model waits for comes
    },
  }));
  agents.push(agent);
  const events: { name: string; payload: unknown }[] = [];
  for (const name of [
    "state-changed",
    "warning",
    "error",
    "affect-changed",
    "utterance-started",
    "utterance-finished",
  ] as const)
    agent.on(name, (payload: AgentEvents[typeof name]) => events.push({ name, payload }));
  /** Lets time pass, and everybody do what that makes them do. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(Math.min(10, left));
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const shown: { index: number; timestampMs: number; jaw: number; state: string; atMs: number }[] = [];
  const frames = agent.frames();
  const watching = (async () => {
    for await (const frame of frames) {
      const { index, timestampMs, state } = frame;
      shown.push({ index, timestampMs, state, jaw: Number(frame.blendshapes[JAW]!.toFixed(3)), atMs: clock.nowMs() });
      frame.close();
    }
  })();
  await pass(10);
  return { agent, clock, model, events, pass, shown, watching };
}

/** A loud sound. */
export const tone = (ms: number, level = 0.5) => ({
  pcm: new Float32Array((RATE * ms) / 1_000).fill(level),
  sampleRateHz: RATE,
});
