import { checkNumber } from "../../base/option-checks.js";
import type { AffectReasoner, DialogueTurn } from "../../protocol/dialogue.js";
import { knownPhrases } from "../affect-words.js";
import { AFFECT_PROMPT } from "../prompts/affect-prompt.js";
import { ChatEndpoint, type ChatEndpointOptions } from "./chat-endpoint.js";
import { checkPrompt, dialogueLines, fillPrompt, type PromptTemplate } from "./fill-prompt.js";

/** Options of {@link EndpointReasoner}. */
export type EndpointReasonerOptions = ChatEndpointOptions & {
  /** What the model is told; {emotions}, {intensities} and {dialogue} are filled in. @default sdk/lcu/prompts/affect-prompt.ts */
  readonly prompt?: PromptTemplate | undefined;
  /** The last so many turns are shown to it. @default 24 */
  readonly turns?: number | undefined;
};

/**
 * Reads the affect off the dialogue with a language model behind an OpenAI-compatible endpoint. No frame waits for it: until it has
 * answered, and while it fails, the last affect stays.
 *
 *     EchoAgent.create({ pack, reasoner: new EndpointReasoner({ baseUrl: "http://localhost:11434/v1", model: "qwen3:4b" }) })
 */
export class EndpointReasoner implements AffectReasoner {
  readonly timeoutMs: number;
  readonly #endpoint: ChatEndpoint;
  readonly #prompt: PromptTemplate;
  readonly #turns: number;

  /** Throws a `TypeError` for a bad option. */
  constructor(options: EndpointReasonerOptions) {
    const { prompt = AFFECT_PROMPT, turns = 24, ...endpoint } = options;
    checkPrompt(prompt, "options.prompt");
    checkNumber(turns, "options.turns", { min: 1, integer: true });
    this.#endpoint = new ChatEndpoint(endpoint);
    this.timeoutMs = this.#endpoint.timeoutMs;
    this.#prompt = prompt;
    this.#turns = turns;
  }

  /** Rejects when the model does not answer in time, or names no emotion that the pack knows. */
  async infer(history: readonly DialogueTurn[], signal?: AbortSignal): Promise<{ readonly text: string }> {
    const values = { dialogue: dialogueLines(history, this.#turns) };
    const answer = await this.#endpoint.ask(
      [
        { role: "system", content: fillPrompt(this.#prompt.system, values) },
        { role: "user", content: fillPrompt(this.#prompt.user, values) },
      ],
      signal,
    );
    const text = knownPhrases(answer);
    if (text === "") throw new Error(`the model named no known emotion: "${answer.slice(0, 80)}"`);
    return { text };
  }
}
