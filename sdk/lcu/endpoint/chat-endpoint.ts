import { checkKeys, checkNumber, checkText, describe } from "../../base/option-checks.js";
import { eventData } from "./event-stream.js";
import { withoutThinking } from "./thinking.js";

/** A part of a message: words, or a picture as a data address. */
export type ChatPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };

/** A message of the OpenAI chat API. */
export type ChatMessage = { readonly role: "system" | "user"; readonly content: string | readonly ChatPart[] };

/** Where a language model answers: any server that speaks OpenAI's chat completions (llama.cpp, Ollama, vLLM, hosted ones). */
export type ChatEndpointOptions = {
  /** Address up to the version, such as "http://localhost:11434/v1"; "/chat/completions" is added. */
  readonly baseUrl: string;
  /** The model's name at the server. */
  readonly model: string;
  /** Sent as a bearer token. In a page everybody can read it: put a server of your own between. @default none */
  readonly apiKey?: string | undefined;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Time for an answer, retries included, in ms. Models that think need more. @default 8000 */
  readonly timeoutMs?: number | undefined;
  /** How often a request is sent again after a failure that may pass (no connection, 408, 429, 5xx). @default 2 */
  readonly retries?: number | undefined;
  /** Longest answer in tokens, thoughts included. @default 400 */
  readonly maxTokens?: number | undefined;
  /** @default 0.3 */
  readonly temperature?: number | undefined;
  /** More fields of the request, as a server wants them, such as { reasoning_effort: "low" }. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
};

const KEYS = ["baseUrl", "model", "apiKey", "headers", "timeoutMs", "retries", "maxTokens", "temperature", "body"];
/** Wait before the first retry, in ms; doubled each time, unless the server says how long. */
const FIRST_WAIT_MS = 250;
/** An answer longer than this is not read on, in characters. */
const LONGEST_ANSWER = 20_000;

/** A failure that may pass when it is tried again. */
class PassingError extends Error {
  readonly waitMs: number | undefined;

  constructor(message: string, waitMs?: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

/** Asks a language model, streaming, with a time limit and retries. Used by the reasoners; it knows nothing of heads. */
export class ChatEndpoint {
  readonly timeoutMs: number;
  readonly #options: ChatEndpointOptions;
  readonly #url: string;

  /** Throws a `TypeError` beginning with `path` for a bad option. */
  constructor(options: ChatEndpointOptions, path = "options") {
    checkKeys(options, path, KEYS);
    const {
      baseUrl,
      model,
      timeoutMs = 8_000,
      retries = 2,
      maxTokens = 400,
      temperature = 0.3,
    } = options as ChatEndpointOptions;
    checkText(baseUrl, `${path}.baseUrl`);
    if (!URL.canParse(baseUrl)) throw new TypeError(`${path}.baseUrl must be an address, not ${describe(baseUrl)}`);
    checkText(model, `${path}.model`);
    checkNumber(timeoutMs, `${path}.timeoutMs`, { min: 1 });
    checkNumber(retries, `${path}.retries`, { min: 0, max: 10, integer: true });
    checkNumber(maxTokens, `${path}.maxTokens`, { min: 1, integer: true });
    checkNumber(temperature, `${path}.temperature`, { min: 0, max: 2 });
    this.#options = options as ChatEndpointOptions;
    this.#url = `${baseUrl.replace(/\/+$/, "")}/chat/completions`;
    this.timeoutMs = timeoutMs;
  }

  /** The answer without thoughts. Rejects when there is none in time, with the server's own words where it has some. */
  async ask(messages: readonly ChatMessage[], signal?: AbortSignal): Promise<string> {
    const limit = AbortSignal.timeout(this.timeoutMs);
    const both = signal ? AbortSignal.any([limit, signal]) : limit;
    const { retries = 2 } = this.#options;
    try {
      for (let tries = 0; ; tries++) {
        try {
          return await this.#once(messages, both);
        } catch (error) {
          const passing = error instanceof PassingError || (error instanceof TypeError && !both.aborted); // fetch: no connection
          if (!passing || tries >= retries) throw error;
          await pause((error as Partial<PassingError>).waitMs ?? FIRST_WAIT_MS * 2 ** tries, both);
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (limit.aborted) throw new Error(`${this.#url} gave no answer within ${this.timeoutMs} ms`);
      throw error;
    }
  }

  async #once(messages: readonly ChatMessage[], signal: AbortSignal): Promise<string> {
    const { model, apiKey, headers, maxTokens = 400, temperature = 0.3, body } = this.#options;
    const response = await fetch(this.#url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "text/event-stream",
        ...(apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }),
        ...headers,
      },
      body: JSON.stringify({ model, messages, stream: true, max_tokens: maxTokens, temperature, ...body }),
      signal,
    });
    if (!response.ok) throw await refusal(this.#url, response);
    const type = response.headers.get("content-type") ?? "";
    // A server that does not stream answers as a whole.
    const answer = type.includes("event-stream") ? await readStream(response) : wholeAnswer(await response.json());
    const text = withoutThinking(answer);
    if (text === "") throw new Error(`${this.#url} gave an empty answer`);
    return text;
  }
}

async function readStream(response: Response): Promise<string> {
  if (response.body === null) throw new PassingError("the answer has no body");
  let answer = "";
  for await (const data of eventData(response.body)) {
    if (data === "[DONE]") break;
    const event = parse(data);
    const failure = messageOf(event);
    if (failure !== undefined) throw new Error(failure);
    // Thoughts that come in a field of their own (reasoning_content, reasoning) are left where they are.
    const delta = (event as { choices?: { delta?: { content?: unknown } }[] }).choices?.[0]?.delta?.content;
    if (typeof delta === "string") answer += delta;
    if (answer.length > LONGEST_ANSWER) break;
  }
  return answer;
}

function wholeAnswer(body: unknown): string {
  const content = (body as { choices?: { message?: { content?: unknown } }[] } | null)?.choices?.[0]?.message?.content;
  if (typeof content !== "string") throw new Error(messageOf(body) ?? "the answer holds no text");
  return content;
}

async function refusal(url: string, response: Response): Promise<Error> {
  const { status } = response;
  const words = await response
    .text()
    .then((text) => messageOf(parse(text)) ?? text.slice(0, 200))
    .catch(() => "");
  const message = `${url} answered ${status}${words === "" ? "" : `: ${words}`}`;
  if (status !== 408 && status !== 429 && status < 500) return new Error(message);
  const after = Number(response.headers.get("retry-after"));
  return new PassingError(message, after > 0 ? 1_000 * after : undefined);
}

/** The words of an error in OpenAI's shape. */
function messageOf(body: unknown): string | undefined {
  const error = (body as { error?: unknown } | null)?.error;
  if (error === undefined || error === null) return undefined;
  const message = (error as { message?: unknown }).message;
  return typeof message === "string" ? message : JSON.stringify(error).slice(0, 200);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
