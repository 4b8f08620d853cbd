const PAD_ID = 0;
const UNKNOWN_ID = 1;

/** Words -> ids of the text encoder, as docs/pack.md says: lower case, split at everything but a-z and apostrophes. */
export class TextTokenizer {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #length: number;

  /** `vocabulary[i]` is the word with id i (0 `<pad>`, 1 `<unk>`); `length` is the pack's limit `textTokens`. */
  constructor(options: { vocabulary: readonly string[]; length: number }) {
    this.#ids = new Map(options.vocabulary.map((word, id) => [word, id]));
    this.#length = options.length;
  }

  /** i32 [length]; cut or padded with 0. */
  encode(text: string): Int32Array {
    const ids = new Int32Array(this.#length).fill(PAD_ID);
    const words = text.toLowerCase().split(/[^a-z']+/);
    let at = 0;
    for (const word of words) {
      if (word === "") continue;
      if (at === this.#length) break;
      ids[at++] = this.#ids.get(word) ?? UNKNOWN_ID;
    }
    return ids;
  }
}
