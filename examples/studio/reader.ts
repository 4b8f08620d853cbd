import { type AffectReasoner, type DialogueTurn, EndpointReasoner, OfflineReasoner } from "echo-head";

/** Which model reads the words, and where. */
export type Endpoint = { readonly baseUrl: string; readonly model: string; readonly apiKey: string };

/** What became of a question. */
export type ReaderNews =
  | { readonly kind: "asked" }
  | { readonly kind: "answered"; readonly text: string; readonly tookMs: number }
  | { readonly kind: "failed"; readonly words: string };

/** Models that think aloud need it. */
const TIMEOUT_MS = 20_000;
/** What a new model is asked at once, so that a wrong address or key is seen before the conversation needs it. */
const TRIAL: readonly DialogueTurn[] = [{ role: "user", text: "I got the job!", timeS: 0 }];

/**
 * The reasoner that the agent has; who answers behind it can change while it lives: the list of words that comes with the package, or a
 * language model.
 */
export class Reader implements AffectReasoner {
  readonly timeoutMs = TIMEOUT_MS + 1_000;
  readonly #offline = new OfflineReasoner();
  readonly #news: (news: ReaderNews) => void;
  #model: EndpointReasoner | null = null;

  constructor(news: (news: ReaderNews) => void) {
    this.#news = news;
  }

  useOffline(): void {
    this.#model = null;
  }

  /**
   * Asks a model once, and uses it if it answers.
   * @throws Error in words, and the list of words reads on
   */
  async use({ baseUrl, model, apiKey }: Endpoint): Promise<void> {
    this.#model = null;
    const key = apiKey === "" ? {} : { apiKey };
    const reasoner = new EndpointReasoner({ baseUrl, model, timeoutMs: TIMEOUT_MS, ...key });
    await this.#ask(reasoner, TRIAL);
    this.#model = reasoner;
  }

  infer(history: readonly DialogueTurn[], signal?: AbortSignal): Promise<{ readonly text: string }> {
    return this.#model ? this.#ask(this.#model, history, signal) : this.#offline.infer(history);
  }

  async #ask(
    reasoner: EndpointReasoner,
    history: readonly DialogueTurn[],
    signal?: AbortSignal,
  ): Promise<{ readonly text: string }> {
    const startedMs = performance.now();
    this.#news({ kind: "asked" });
    try {
      const answer = await reasoner.infer(history, signal);
      this.#news({ kind: "answered", text: answer.text, tookMs: performance.now() - startedMs });
      return answer;
    } catch (error) {
      const words = inWords(error);
      if (!signal?.aborted) this.#news({ kind: "failed", words });
      throw new Error(words, { cause: error });
    }
  }
}

function inWords(error: unknown): string {
  // fetch says no more than this when nobody answers or the server does not let pages read its answer.
  if (error instanceof TypeError)
    return "Nobody answers at this address. Is the server running, and does it let pages of this origin ask it (CORS)?";
  return error instanceof Error ? error.message : String(error);
}
