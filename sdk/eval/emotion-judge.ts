import { EchoError, reasonOf } from "../base/errors.js";
import { average } from "./correlation.js";

/** An OpenAI-compatible endpoint with a model that sees pictures (vLLM, llama.cpp, Ollama, OpenRouter, OpenAI, ...). */
export type JudgeEndpoint = {
  /** Base address, ending before `/chat/completions`, such as "http://127.0.0.1:8000/v1". */
  readonly url: string;
  readonly model: string;
  readonly apiKey?: string | undefined;
  /** For one answer. @default 120000 */
  readonly timeoutMs?: number | undefined;
  /** @default the global one */
  readonly fetch?: typeof fetch | undefined;
};

/** A video as a judge sees it: pictures as data URLs ("data:image/png;base64,..."), in order, and when each is shown. */
export type JudgedVideo = { readonly pictures: readonly string[]; readonly timesS: readonly number[] };

/** One pair, judged. */
export type EmotionVerdict = {
  /** Means of the answers, 1..5: is the kind of emotion, its strength, and its timing that of the truth? */
  readonly category: number;
  readonly intensity: number;
  readonly timing: number;
  /** E-Consis: the model's own overall score, 1..5; mean over the answers. */
  readonly overall: number;
  /** Standard deviation of `overall` over the answers; 0 for one. */
  readonly spread: number;
  readonly answers: readonly EmotionAnswer[];
};

/** What the model said once. */
export type EmotionAnswer = {
  readonly category: number;
  readonly intensity: number;
  readonly timing: number;
  readonly overall: number;
  readonly reason: string;
};

/** The instruction. Ours: the paper's own template is in an appendix that was not at hand, so scores are not those of the paper's table 4. */
export const EMOTION_PROMPT = `You compare the facial emotion of two videos of the same moment of a conversation. The first is the REFERENCE, a real or trusted performance. The second is GENERATED. The faces may be of different people or styles: judge emotion only, not likeness, picture quality or lip movement.
Score each from 1 (unlike) to 5 (alike):
- category: the same kinds of emotion
- intensity: of the same strength
- timing: they rise, change and fade at the same times
- overall: emotional consistency, all in all
Answer with JSON only: {"category": n, "intensity": n, "timing": n, "overall": n, "reason": "one sentence"}`;

const SCORES = ["category", "intensity", "timing", "overall"] as const;
/** Tries for one answer: models sometimes talk beside the JSON. */
const TRIES = 3;

/**
 * E-Consis of one pair of videos by a multimodal model, `repeats` times.
 * @throws EchoError "judge-failed" when the endpoint cannot be reached, refuses, or keeps answering something else
 */
export async function judgeEmotion(options: {
  endpoint: JudgeEndpoint;
  generated: JudgedVideo;
  truth: JudgedVideo;
  /** @default 1 */
  repeats?: number | undefined;
  signal?: AbortSignal | undefined;
}): Promise<EmotionVerdict> {
  const { endpoint, generated, truth, repeats = 1, signal } = options;
  const content = [
    { type: "text", text: EMOTION_PROMPT },
    ...videoParts("REFERENCE", truth),
    ...videoParts("GENERATED", generated),
  ];
  const answers: EmotionAnswer[] = [];
  for (let i = 0; i < repeats; i++) answers.push(await askUntilScored(endpoint, content, i, signal));
  const mean = (key: (typeof SCORES)[number]) => average(answers.map((answer) => answer[key]));
  const overall = mean("overall");
  const spread = Math.sqrt(average(answers.map((answer) => (answer.overall - overall) ** 2)));
  return { category: mean("category"), intensity: mean("intensity"), timing: mean("timing"), overall, spread, answers };
}

/** Reads the scores out of a model's answer; undefined when they are not all there. Words around the JSON, code fences and scores as text are forgiven; numbers beyond 1..5 are not. */
export function parseVerdict(text: string): EmotionAnswer | undefined {
  for (const found of text.matchAll(/\{[^{}]*\}/g)) {
    try {
      const value = JSON.parse(found[0]) as Record<string, unknown>;
      const scores = SCORES.map((key) => Number(value[key]));
      if (!scores.every((score) => score >= 1 && score <= 5)) continue;
      const [category, intensity, timing, overall] = scores as [number, number, number, number];
      return { category, intensity, timing, overall, reason: String(value.reason ?? "") };
    } catch {
      // not JSON: the next pair of braces may be
    }
  }
  return undefined;
}

function videoParts(name: string, video: JudgedVideo): object[] {
  return [
    { type: "text", text: `${name}, ${video.pictures.length} pictures:` },
    ...video.pictures.flatMap((url, i) => [
      { type: "text", text: `${video.timesS[i]!.toFixed(2)} s` },
      { type: "image_url", image_url: { url } },
    ]),
  ];
}

async function askUntilScored(
  endpoint: JudgeEndpoint,
  content: readonly object[],
  seed: number,
  signal: AbortSignal | undefined,
): Promise<EmotionAnswer> {
  let last = "";
  for (let i = 0; i < TRIES; i++) {
    last = await ask(endpoint, content, seed * TRIES + i, signal);
    const verdict = parseVerdict(last);
    if (verdict !== undefined) return verdict;
  }
  throw failed(endpoint, `no scores from 1 to 5 in its answer: "${last.slice(0, 120)}"`);
}

async function ask(
  { url, model, apiKey, timeoutMs = 120_000, fetch: send = fetch }: JudgeEndpoint,
  content: readonly object[],
  seed: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const place = { url };
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let body: string;
  try {
    response = await send(`${url.replace(/\/$/, "")}/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ model, messages: [{ role: "user", content }], temperature: 0.2, seed, max_tokens: 400 }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    body = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(place, timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error), error);
  }
  if (!response.ok) throw failed(place, `status ${response.status}: ${body.slice(0, 200)}`);
  try {
    const message = (JSON.parse(body) as { choices?: { message?: { content?: unknown } }[] }).choices?.[0]?.message;
    if (typeof message?.content === "string") return message.content;
  } catch {
    // told below
  }
  throw failed(place, `its answer is not a chat completion: "${body.slice(0, 120)}"`);
}

function failed({ url }: { url: string }, reason: string, cause?: unknown): EchoError {
  return new EchoError("judge-failed", { url, reason, cause });
}
