import { float32Data, float32Tensor } from "../protocol/tensor.js";
import { GraphStates, type StateSpec } from "../runtime/graph-states.js";
import type { StageSession } from "../runtime/session.js";

/** PCM -> per-frame windows of features (paper sec. 4.1, L_w). It carries the samples before the block (`tail`) from block to block. */
export class AudioEncoder {
  readonly #session: StageSession;
  readonly #states: GraphStates;

  /** The session is borrowed; several encoders may share one, each with its own state. */
  constructor(session: StageSession, states: readonly StateSpec[]) {
    this.#session = session;
    this.#states = new GraphStates(states, session.inputs);
  }

  /** f32 [4 * 8 * 128] (frame, window with the frame itself last, feature) of one block f32 [2560], 16 kHz mono. */
  async encode(pcm: Float32Array): Promise<Float32Array> {
    const outputs = await this.#session.run({ pcm: float32Tensor([1, pcm.length], pcm), ...this.#states.feeds });
    this.#states.take(outputs);
    return float32Data(outputs, "features");
  }

  /** What {@link AudioEncoder.restore} needs to go back to this moment. Nothing is copied. */
  save(): GraphStates["feeds"] {
    return this.#states.feeds;
  }

  /** Goes back to a saved moment. */
  restore(saved: GraphStates["feeds"]): void {
    for (const [name, value] of Object.entries(saved)) this.#states.set(name, value);
  }

  /** As if nothing had been heard. */
  reset(): void {
    this.#states.reset();
  }
}
