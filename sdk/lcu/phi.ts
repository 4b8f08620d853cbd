import { float32Data } from "../protocol/tensor.js";
import type { StageSession } from "../runtime/session.js";
import { inputTensor } from "../runtime/stage-inputs.js";
import type { HistoryTensors } from "./history.js";

/** High-level understanding by the pack's own network (Eq. 8): the history of minutes -> S_usr. */
export class HistoryUnderstanding {
  readonly #session: StageSession;

  /** The session is borrowed. */
  constructor(session: StageSession) {
    this.#session = session;
  }

  /** S_usr, f32 [8 * 128]. */
  async understand({ history, mask }: HistoryTensors): Promise<Float32Array> {
    const outputs = await this.#session.run({
      history: inputTensor(this.#session, "history", history),
      mask: inputTensor(this.#session, "mask", mask),
    });
    return float32Data(outputs, "understanding");
  }
}
