import { float32Data } from "../protocol/tensor.js";
import { GraphStates, type StateSpec } from "../runtime/graph-states.js";
import { releaseTensor } from "../runtime/held-tensors.js";
import type { StageSession } from "../runtime/session.js";
import { inputTensor, switchTensor } from "../runtime/stage-inputs.js";

/** Low-level perception (Eq. 5, 6): fuses what is heard and seen with the long context, which it carries in its Mamba states. */
export class LowLevelPerception {
  readonly #session: StageSession;
  readonly #states: GraphStates;

  /** The session is borrowed. */
  constructor(session: StageSession, states: readonly StateSpec[]) {
    this.#session = session;
    this.#states = new GraphStates(states, session.inputs);
  }

  /** P_usr, f32 [12 * 128], of one block of audio features and face tokens; `on` is the switch `lpe`. */
  async perceive(input: { audio: Float32Array; visual: Float32Array; on: boolean }): Promise<Float32Array> {
    const outputs = await this.#session.run({
      audio: inputTensor(this.#session, "audio", input.audio),
      visual: inputTensor(this.#session, "visual", input.visual),
      lpe: switchTensor(input.on),
      ...this.#states.feeds,
    });
    for (const state of Object.values(this.#states.take(outputs))) releaseTensor(state); // on a GPU nobody else frees it
    return float32Data(outputs, "perception");
  }

  /** As if nobody had been seen or heard. */
  reset(): void {
    for (const state of Object.values(this.#states.feeds)) releaseTensor(state);
    this.#states.reset();
  }
}
