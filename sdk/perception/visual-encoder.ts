import { float32Data, float32Tensor } from "../protocol/tensor.js";
import type { StageSession } from "../runtime/session.js";
import type { FaceBlock } from "./types.js";

/** The user's face -> masked face tokens (Eq. 7). It has no state. */
export class VisualEncoder {
  readonly #session: StageSession;

  /** The session is borrowed. */
  constructor(session: StageSession) {
    this.#session = session;
  }

  /** f32 [4 * 8 * 128] tokens of the faces of one block. */
  async encode({ face, presence }: FaceBlock): Promise<Float32Array> {
    const frames = presence.length;
    const outputs = await this.#session.run({
      face: float32Tensor([1, frames, face.length / frames], face),
      presence: float32Tensor([1, frames, 1], presence),
    });
    return float32Data(outputs, "tokens");
  }
}
