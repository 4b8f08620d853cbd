import { checkBoolean, checkNumber } from "../../base/option-checks.js";
import type { BehaviourEvidence, BehaviourUnderstanding } from "../../protocol/dialogue.js";
import { knownPhrases } from "../affect-words.js";
import { UNDERSTANDING_PROMPT } from "../prompts/understanding-prompt.js";
import { ChatEndpoint, type ChatEndpointOptions, type ChatPart } from "./chat-endpoint.js";
import { checkPrompt, dialogueLines, fillPrompt, type PromptTemplate } from "./fill-prompt.js";

/** Options of {@link EndpointUnderstanding}. */
export type EndpointUnderstandingOptions = ChatEndpointOptions & {
  /** What the model is told; {emotions}, {intensities}, {notes} and {dialogue} are filled in. @default sdk/lcu/prompts/understanding-prompt.ts */
  readonly prompt?: PromptTemplate | undefined;
  /** Sends pictures of the user with the question, to a model that can see. Ask the person first. @default false */
  readonly keyFrames?: boolean | undefined;
  /** Time between two questions, in seconds, 5 to 600. @default 20 */
  readonly everyS?: number | undefined;
};

/** Turns of the dialogue that the model is shown. */
const TURNS = 24;

/**
 * Phi (Eq. 8) by a language model behind an OpenAI-compatible endpoint: it reads notes of the user's behaviour, the dialogue and, if
 * the person has agreed, pictures, and says in a few words how the user is.
 */
export class EndpointUnderstanding implements BehaviourUnderstanding {
  readonly keyFrames: boolean;
  readonly everyS: number;
  readonly timeoutMs: number;
  readonly #endpoint: ChatEndpoint;
  readonly #prompt: PromptTemplate;

  /** Throws a `TypeError` for a bad option. */
  constructor(options: EndpointUnderstandingOptions) {
    const { prompt = UNDERSTANDING_PROMPT, keyFrames = false, everyS = 20, ...endpoint } = options;
    checkPrompt(prompt, "options.prompt");
    checkBoolean(keyFrames, "options.keyFrames");
    checkNumber(everyS, "options.everyS", { min: 5, max: 600 });
    this.#endpoint = new ChatEndpoint({ timeoutMs: 15_000, ...endpoint });
    this.timeoutMs = this.#endpoint.timeoutMs;
    this.#prompt = prompt;
    this.keyFrames = keyFrames;
    this.everyS = everyS;
  }

  /** Rejects when the model does not answer in time, or names no state that the pack knows. */
  async understand(evidence: BehaviourEvidence, signal?: AbortSignal): Promise<{ readonly text: string }> {
    const values = {
      notes: evidence.notes.length === 0 ? "(none yet)" : evidence.notes.join("\n"),
      dialogue: dialogueLines(evidence.dialogue, TURNS),
    };
    const question = fillPrompt(this.#prompt.user, values);
    const pictures = this.keyFrames ? evidence.pictures : [];
    const parts: ChatPart[] = pictures.map((url) => ({ type: "image_url", image_url: { url } }));
    const answer = await this.#endpoint.ask(
      [
        { role: "system", content: fillPrompt(this.#prompt.system, values) },
        // Many servers refuse a list where there is no picture.
        { role: "user", content: parts.length === 0 ? question : [{ type: "text", text: question }, ...parts] },
      ],
      signal,
    );
    const text = knownPhrases(answer);
    if (text === "") throw new Error(`the model named no known state: "${answer.slice(0, 80)}"`);
    return { text };
  }
}
