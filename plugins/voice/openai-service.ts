import { EchoError } from "echo-head";

/** Where an OpenAI-compatible service is: OpenAI, LM Studio, Ollama, vLLM, llama.cpp, LocalAI, Speaches, ... */
export type OpenAiService = {
  /** Up to and with the version, such as "http://127.0.0.1:8000/v1". */
  readonly baseUrl: string;
  /** Sent as a bearer token. Keep keys of paid services on a server of yours, never in a page. */
  readonly apiKey?: string | undefined;
  /** Name of the model, as the service knows it. */
  readonly model: string;
  /** A request without a first answer for so long is given up, in ms. @default 30000 */
  readonly timeoutMs?: number | undefined;
  /** @default the global fetch */
  readonly fetch?: typeof fetch | undefined;
};

/** Throws a TypeError for an address that is none. */
export function checkService(service: OpenAiService): void {
  if (!/^https?:\/\//.test(service.baseUrl ?? "")) throw new TypeError("options.baseUrl must be an http address");
  if (typeof service.model !== "string" || service.model === "") throw new TypeError("options.model must be a text");
}

/**
 * Posts to an endpoint of the service and gives the answer once its headers are there.
 * @throws EchoError `voice-service-failed` with what the service said; the signal's reason when it is aborted
 */
export async function post(
  service: OpenAiService,
  path: string,
  body: FormData | object,
  signal: AbortSignal,
): Promise<Response> {
  const { baseUrl, apiKey, timeoutMs = 30_000, fetch: send = fetch } = service;
  const url = `${baseUrl.replace(/\/$/, "")}/${path}`;
  const fail = (reason: string, cause?: unknown): EchoError =>
    new EchoError("voice-service-failed", { service: url, reason, cause });
  const isForm = body instanceof FormData;
  const headers: Record<string, string> = isForm ? {} : { "Content-Type": "application/json" };
  if (apiKey !== undefined) headers.Authorization = `Bearer ${apiKey}`;
  const giveUp = new AbortController();
  const stop = (): void => giveUp.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(() => giveUp.abort(fail(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    const response = await send(url, {
      method: "POST",
      headers,
      body: isForm ? body : JSON.stringify(body),
      signal: giveUp.signal,
    });
    if (!response.ok) {
      const said = (await response.text().catch(() => "")).slice(0, 300);
      throw fail(`HTTP ${response.status} ${said}`.trim());
    }
    return response;
  } catch (error) {
    if (EchoError.is(error) || signal.aborted) throw error;
    if (EchoError.is(giveUp.signal.reason)) throw giveUp.signal.reason;
    throw fail(error instanceof Error ? error.message : String(error), error);
  } finally {
    clearTimeout(timer);
    // The body is still read: from here on only the caller's signal ends it.
  }
}

/** The bytes of an answer as they come; a connection that breaks throws EchoError `voice-service-failed`. */
export async function* bytesOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const reader = response.body!.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw new EchoError("voice-service-failed", {
      service: response.url,
      reason: (error as Error).message,
      cause: error,
    });
  } finally {
    void reader.cancel().catch(() => {});
  }
}
