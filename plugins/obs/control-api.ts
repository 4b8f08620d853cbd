import type { IncomingMessage, ServerResponse } from "node:http";
import type { AudioChunk } from "echo-head";
import { EchoError } from "echo-head";
import type { HeadRequest, OverlayHead } from "./overlay-head.js";

/** What lets the companion speak. */
export type ControlOptions = {
  /** Text to speech, for POST /say. */
  readonly synthesize?: ((text: string, options: { signal: AbortSignal }) => AsyncIterable<AudioChunk>) | undefined;
  /** Reads a recording, for POST /speak. @throws EchoError `input-invalid` */
  readonly decode?: ((recording: Uint8Array) => AsyncIterable<AudioChunk>) | undefined;
};

/** The largest recording that POST /speak takes, and the largest text. */
const MOST_RECORDING_BYTES = 64 * 1024 * 1024;
const MOST_TEXT_BYTES = 64 * 1024;

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The companion's own small API, for a bot or a stream deck on this machine:
 *
 *     POST /say        {"text": "..."}                    speaks with the companion's voice
 *     POST /speak?text=...   a WAV, FLAC, MP3 or Ogg Opus file
 *     POST /hear?rate=16000&channels=1   s16le samples, as long as the request lasts: what the head listens to
 *     POST /dialogue   {"role": "user", "text": "..."}    what was said, for the mood
 *     POST /interrupt
 *
 * `?pack=`, `?avatar=` and `?remote=` choose the head, as in the page's address.
 */
export async function answerControl(task: {
  request: IncomingMessage;
  response: ServerResponse;
  head: (request: HeadRequest) => Promise<OverlayHead>;
  options: ControlOptions;
}): Promise<void> {
  const { request, response, options } = task;
  const url = new URL(request.url ?? "/", "http://overlay");
  const answer = (status: number, body: object): void => {
    if (response.headersSent) return;
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  };
  const text = (name: string): string | undefined => url.searchParams.get(name) || undefined;
  const head = () => task.head({ pack: text("pack"), avatar: text("avatar"), remote: text("remote") });
  try {
    if (request.method !== "POST") throw new Refusal(404, "there is nothing here");
    switch (url.pathname) {
      case "/say": {
        const { synthesize } = options;
        if (synthesize === undefined)
          throw new Refusal(501, "the companion has no voice: install espeak-ng or flite, or give it --speech-url");
        const said = textIn(await readJson(request), "text");
        const signal = new AbortController();
        const utterance = (await head()).say(synthesize(said, { signal: signal.signal }), said);
        void utterance.finished.then(() => signal.abort());
        return answer(202, { utterance: utterance.id });
      }
      case "/speak": {
        if (options.decode === undefined) throw new Refusal(501, "this companion reads no recordings");
        const recording = await readBody(request, MOST_RECORDING_BYTES);
        const utterance = (await head()).say(options.decode(recording), text("text"));
        return answer(202, { utterance: utterance.id });
      }
      case "/hear": {
        const samples = await hear(request, url, await head());
        return answer(200, { samples });
      }
      case "/dialogue": {
        const turn = await readJson(request);
        if (turn.role !== "user" && turn.role !== "avatar") throw new Refusal(400, 'role must be "user" or "avatar"');
        (await head()).agent.dialogue.add({ role: turn.role, text: textIn(turn, "text") });
        return answer(200, {});
      }
      case "/interrupt":
        (await head()).agent.interrupt();
        return answer(200, {});
      default:
        throw new Refusal(404, "there is nothing here");
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Refusal) return answer(error.status, { error: { message } });
    const ours = EchoError.is(error);
    answer(ours || error instanceof TypeError ? 400 : 500, { error: { code: ours ? error.code : undefined, message } });
  }
}

/** Feeds the head's ear while samples come. @returns samples of a channel */
async function hear(request: IncomingMessage, url: URL, head: OverlayHead): Promise<number> {
  const number = (name: string, fallback: number, most: number): number => {
    const value = Number(url.searchParams.get(name) ?? fallback);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new Refusal(400, `${name} must be a whole number from 1 to ${most}`);
  };
  const sampleRateHz = number("rate", 16_000, 768_000);
  const channels = number("channels", 1, 8);
  let rest = Buffer.alloc(0);
  let samples = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk]);
    const count = Math.floor(bytes.length / 2 / channels) * channels;
    rest = bytes.subarray(2 * count);
    if (count === 0) continue;
    const pcm = Float32Array.from({ length: count }, (_, i) => bytes.readInt16LE(2 * i) / 32_768);
    head.agent.user.pushAudio({ pcm, sampleRateHz, channels });
    samples += count / channels;
  }
  return samples;
}

async function readBody(request: IncomingMessage, most: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new Refusal(413, `the body may have at most ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = Buffer.from(await readBody(request, MOST_TEXT_BYTES)).toString("utf8");
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new Refusal(400, "the body must be a JSON object");
}

function textIn(body: Record<string, unknown>, key: string): string {
  const value = body[key];
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new Refusal(400, `${key} must be a text`);
}
