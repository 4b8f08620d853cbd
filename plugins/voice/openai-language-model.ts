import { EchoError } from "echo-head";
import { bytesOf, checkService, type OpenAiService, post } from "./openai-service.js";
import type { LanguageModel, SpokenTurn } from "./types.js";

/** Options of {@link OpenAiLanguageModel}. */
export type OpenAiLanguageModelOptions = OpenAiService & {
  /** Who the avatar is and how it speaks. Ask for short answers without markup: they are spoken. */
  readonly instructions?: string | undefined;
  /** Turns that are sent at most, the newest. @default 40 */
  readonly mostTurns?: number | undefined;
  /** Further fields of the request, such as `{ temperature: 0.7, max_tokens: 120 }`. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
};

/** `POST /chat/completions` with `stream: true`: the answer word by word. */
export class OpenAiLanguageModel implements LanguageModel {
  readonly #options: OpenAiLanguageModelOptions;

  constructor(options: OpenAiLanguageModelOptions) {
    checkService(options);
    this.#options = options;
  }

  async *reply(turns: readonly SpokenTurn[], { signal }: { signal: AbortSignal }): AsyncGenerator<string, void> {
    const { instructions, mostTurns = 40, model, parameters } = this.#options;
    const messages = turns
      .slice(-mostTurns)
      .map(({ role, text }) => ({ role: role === "user" ? "user" : "assistant", content: text }));
    if (instructions !== undefined) messages.unshift({ role: "system", content: instructions });
    const response = await post(
      this.#options,
      "chat/completions",
      { ...parameters, model, messages, stream: true },
      signal,
    );
    for await (const data of serverSentData(bytesOf(response, signal))) {
      if (data === "[DONE]") return;
      const piece = pieceOf(data, response.url);
      if (piece !== "") yield piece;
    }
  }
}

type Chunk = {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly error?: { readonly message?: string };
};

function pieceOf(data: string, service: string): string {
  let chunk: Chunk;
  try {
    chunk = JSON.parse(data) as Chunk;
  } catch (cause) {
    throw new EchoError("voice-service-failed", { service, reason: `it sent no JSON: ${data.slice(0, 100)}`, cause });
  }
  if (chunk.error) throw new EchoError("voice-service-failed", { service, reason: chunk.error.message ?? data });
  return chunk.choices?.[0]?.delta?.content ?? "";
}

/** The `data` of server-sent events (HTML standard, 9.2.6): events end with an empty line, several data lines are one text. */
export async function* serverSentData(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = "";
  let data: string[] = [];
  const take = function* (line: string): Generator<string, void> {
    if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    if (line !== "" || data.length === 0) return;
    yield data.join("\n");
    data = [];
  };
  for await (const part of bytes) {
    text += decoder.decode(part, { stream: true });
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    text = lines.pop()!;
    for (const line of lines) yield* take(line);
  }
  for (const line of [...text.split(/\r\n|\n|\r/), ""]) yield* take(line);
}
