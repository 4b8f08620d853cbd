import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the server got it. */
export type SeenRequest = {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: { model: string; stream: boolean; max_tokens: number; messages: { role: string; content: unknown }[] };
  /** True once the client has gone away before the answer was complete. */
  aborted: boolean;
};

/** Writes an answer, however it likes. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void | Promise<void>;

/** A local server that speaks OpenAI's chat completions, for tests: real HTTP, real streaming. */
export class ChatServer {
  readonly requests: SeenRequest[] = [];
  /** How the next requests are answered; the last one stays. */
  answers: Answer[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  /** Address for `baseUrl`. */
  url = "";

  static async start(): Promise<ChatServer> {
    const server = new ChatServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}/v1`;
    return server;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Pages of other origins may ask it.
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "authorization, content-type");
    if (request.method === "OPTIONS") {
      response.writeHead(204).end();
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const seen: SeenRequest = {
      path: request.url ?? "",
      authorization: request.headers.authorization,
      body: JSON.parse(Buffer.concat(parts).toString()),
      aborted: false,
    };
    response.on("close", () => {
      seen.aborted = !response.writableFinished;
    });
    this.requests.push(seen);
    const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
    await answer(response, seen);
  }
}

/** Streams a text in pieces of a few bytes, cut in the middle of events and of characters. */
export function streamed(text: string, field = "content"): Answer {
  return async (response) => {
    response.setHeader("content-type", "text/event-stream; charset=utf-8");
    const event = (delta: object) => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\r\n\r\n`;
    const events = [": hello\n\n", event({ role: "assistant" }), ...[...text].map((c) => event({ [field]: c }))];
    const bytes = Buffer.from(`${events.join("")}data: [DONE]\n\n`);
    for (let at = 0; at < bytes.length; at += 37) {
      response.write(bytes.subarray(at, at + 37));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
}

/** A status with an error in OpenAI's shape. */
export function refused(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ error: { message, type: "test" } }));
  };
}
