import { NormalRandom, type NormalRandomState } from "../base/normal-random.js";
import { concreteShape, elementCount, float32Data, float32Tensor, type Tensor } from "../protocol/tensor.js";
import { GraphStates, type StateSpec } from "../runtime/graph-states.js";
import { releaseTensor } from "../runtime/held-tensors.js";
import type { StageSession } from "../runtime/session.js";
import { inputTensor, switchTensor } from "../runtime/stage-inputs.js";
import { sampleEuler } from "./euler-sampler.js";

/** What one block is generated from. */
export type BlockConditions = {
  /** f32 [4 * 8 * 128], the avatar's own audio. */
  readonly audio: Float32Array;
  /** f32 [12 * 128] from the LCU. */
  readonly fPu: Float32Array;
  /** f32 [8 * 128], c_emo. */
  readonly emotion: Float32Array;
  /** Speech driven control on (Eq. 10, 11). */
  readonly sdcm: boolean;
  /** Language affect understanding on. */
  readonly lau: boolean;
  /** 0 (still but alive) .. 1. */
  readonly expressivity: number;
  /** Steps of the sampler, evenly spread over time. @default the pack's own times */
  readonly steps?: number | undefined;
};

/** A moment of a {@link BlockGenerator}: caches and noise. */
export type GeneratorMoment = { readonly caches: GraphStates["feeds"]; readonly noise: NormalRandomState };

/**
 * Flow matching over the motion tokens of one block (Eq. 1, 4), block after block: keys and values of earlier blocks are carried in
 * caches that are read while sampling and written once, by a last run on the finished block at time 1.
 */
export class BlockGenerator {
  readonly #session: StageSession;
  readonly #states: GraphStates;
  #identity: Tensor | undefined;
  readonly #times: readonly number[];
  readonly #noise: NormalRandom;
  readonly #start: NormalRandomState;

  /** `times` is the pack's sampler; `identity` f32 [4 * 128] the avatar's, absent when the graph takes none. The session is borrowed. */
  constructor(options: {
    session: StageSession;
    states: readonly StateSpec[];
    times: readonly number[];
    identity: Float32Array | undefined;
    seed: number;
  }) {
    this.#session = options.session;
    this.#states = new GraphStates(options.states, options.session.inputs);
    this.#times = options.times;
    this.#noise = new NormalRandom(options.seed);
    this.#start = this.#noise.getState();
    this.setIdentity(options.identity);
  }

  /** Another avatar from the next block on; the motion goes on. */
  setIdentity(identity: Float32Array | undefined): void {
    this.#identity = identity && inputTensor(this.#session, "identity", identity);
  }

  /** f32 [4 * 12 * 32], the motion tokens of the next block. */
  async generate(conditions: BlockConditions): Promise<Float32Array> {
    const session = this.#session;
    const shape = concreteShape(session.inputs.x!.shape, { N: 1 });
    const fixed: Record<string, Tensor> = {
      audio: inputTensor(session, "audio", conditions.audio),
      f_pu: inputTensor(session, "f_pu", conditions.fPu),
      emotion: inputTensor(session, "emotion", conditions.emotion),
      sdcm: switchTensor(conditions.sdcm),
      lau: switchTensor(conditions.lau),
      expressivity: float32Tensor([1, 1], Float32Array.of(conditions.expressivity)),
      ...(this.#identity && { identity: this.#identity }),
      ...this.#states.feeds,
    };
    const run = (x: Float32Array, time: number, wanted: readonly string[]) =>
      session.run({ ...fixed, x: float32Tensor(shape, x), time: float32Tensor([1, 1], Float32Array.of(time)) }, wanted);
    const noise = this.#noise.fill(new Float32Array(elementCount(shape))); // x_0 ~ N(0, 1)
    const { steps } = conditions;
    const times =
      steps === undefined || steps >= this.#times.length
        ? this.#times
        : Array.from({ length: steps }, (_, i) => i / steps);
    const x = await sampleEuler(noise, times, async (now, time) =>
      float32Data(await run(now, time, ["velocity"]), "velocity"),
    );
    this.#states.take(await run(x, 1, this.#states.outputNames)); // only this run's keys and values are kept: they are of the finished block
    return x;
  }

  /** What {@link BlockGenerator.restore} needs to generate from here again. Nothing is copied. */
  save(): GeneratorMoment {
    return { caches: this.#states.feeds, noise: this.#noise.getState() };
  }

  /** Goes back to a saved moment. */
  restore(moment: GeneratorMoment): void {
    for (const [name, value] of Object.entries(moment.caches)) this.#states.set(name, value);
    this.#noise.setState(moment.noise);
  }

  /** Frees a moment that nobody will go back to, where its caches are on a GPU and neither `kept` nor the present has them. */
  forget(moment: GeneratorMoment, kept: readonly GeneratorMoment[]): void {
    const used = new Set([this.#states.feeds, ...kept.map(({ caches }) => caches)].flatMap(Object.values<Tensor>));
    for (const cache of Object.values(moment.caches)) if (!used.has(cache)) releaseTensor(cache);
  }

  /** Empty caches, and the noise from its seed. */
  reset(): void {
    this.#states.reset();
    this.#noise.setState(this.#start);
  }
}
