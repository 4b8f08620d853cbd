import { float32Data, int32Tensor } from "../protocol/tensor.js";
import type { StageSession } from "../runtime/session.js";
import type { TextTokenizer } from "./text-tokenizer.js";

/** The written affect -> c_emo. The last text is remembered, because an affect lasts for many blocks. */
export class AffectTextEncoder {
  readonly #session: StageSession;
  readonly #tokenizer: TextTokenizer;
  #last: { readonly text: string; readonly emotion: Promise<Float32Array> } | undefined;

  /** The session is borrowed. */
  constructor(session: StageSession, tokenizer: TextTokenizer) {
    this.#session = session;
    this.#tokenizer = tokenizer;
  }

  /** c_emo, f32 [8 * 128]; the array is shared between calls with the same text. */
  encode(text: string): Promise<Float32Array> {
    if (this.#last?.text === text) return this.#last.emotion;
    const emotion = this.#run(text);
    this.#last = { text, emotion };
    emotion.catch(() => {
      if (this.#last?.emotion === emotion) this.#last = undefined;
    });
    return emotion;
  }

  async #run(text: string): Promise<Float32Array> {
    const ids = this.#tokenizer.encode(text);
    const outputs = await this.#session.run({ ids: int32Tensor([1, ids.length], ids) });
    return float32Data(outputs, "emotion");
  }
}
