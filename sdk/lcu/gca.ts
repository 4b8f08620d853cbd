import { float32Data } from "../protocol/tensor.js";
import type { StageSession } from "../runtime/session.js";
import { inputTensor, switchTensor } from "../runtime/stage-inputs.js";

/** Gated cross-attention (Eq. 9): what is perceived now, in the light of what was understood before. */
export class GatedFusion {
  readonly #session: StageSession;

  /** The session is borrowed. */
  constructor(session: StageSession) {
    this.#session = session;
  }

  /** f_pu, f32 [12 * 128], of P_usr [12 * 128] and S_usr [8 * 128]; `on` is the switch `hbcu`. */
  async fuse(input: { perception: Float32Array; understanding: Float32Array; on: boolean }): Promise<Float32Array> {
    const outputs = await this.#session.run({
      perception: inputTensor(this.#session, "perception", input.perception),
      understanding: inputTensor(this.#session, "understanding", input.understanding),
      hbcu: switchTensor(input.on),
    });
    return float32Data(outputs, "f_pu");
  }
}
