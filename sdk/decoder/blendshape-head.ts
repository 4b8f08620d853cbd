import { float32Data } from "../protocol/tensor.js";
import type { StageSession } from "../runtime/session.js";
import { inputTensor } from "../runtime/stage-inputs.js";

/** Motion tokens -> the coefficients and the pose of the same frames. */
export class BlendshapeHead {
  readonly #session: StageSession;

  /** The session is borrowed. */
  constructor(session: StageSession) {
    this.#session = session;
  }

  /** `blendshapes` f32 [4 * 52] in 0..1, ARKit order, and `pose` f32 [4 * 6], of tokens f32 [4 * 12 * 32]. */
  async read(tokens: Float32Array): Promise<{ blendshapes: Float32Array; pose: Float32Array }> {
    const outputs = await this.#session.run({ tokens: inputTensor(this.#session, "tokens", tokens) });
    return { blendshapes: clampUnit(float32Data(outputs, "blendshapes")), pose: float32Data(outputs, "pose") };
  }
}

/** Into 0..1 in place: a graph may overshoot by a rounding error, consumers must not see that. */
function clampUnit(values: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(1, Math.max(0, values[i]!));
  return values;
}
