import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChatEndpoint } from "./chat-endpoint.js";
import { ChatServer, refused, streamed } from "./chat-server.fixture.js";
import { withoutThinking } from "./thinking.js";

let server: ChatServer;
beforeEach(async () => {
  server = await ChatServer.start();
});
afterEach(() => server.stop());

const QUESTION = [{ role: "user", content: "How?" }] as const;
const endpoint = (more: object = {}) => new ChatEndpoint({ baseUrl: server.url, model: "m", ...more });

describe("ChatEndpoint", () => {
  it("streams an answer, whatever the pieces are that it comes in", async () => {
    server.answers = [streamed("très happy, wärm 🙂")];
    expect(await endpoint({ apiKey: "secret", maxTokens: 50, body: { reasoning_effort: "low" } }).ask(QUESTION)).toBe(
      "très happy, wärm 🙂",
    );
    const [request] = server.requests;
    expect(request).toMatchObject({ path: "/v1/chat/completions", authorization: "Bearer secret" });
    expect(request!.body).toMatchObject({ model: "m", stream: true, max_tokens: 50, reasoning_effort: "low" });
    expect(request!.body.messages).toEqual([{ role: "user", content: "How?" }]);
  });

  it("takes an answer as a whole where a server does not stream, and sends no key that it has not got", async () => {
    server.answers = [
      (response) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: " calm " } }] }));
      },
    ];
    expect(await endpoint({ baseUrl: `${server.url}/` }).ask(QUESTION)).toBe("calm");
    expect(server.requests[0]!.authorization).toBeUndefined();
  });

  it("leaves thoughts out, in tags and in a field of their own", async () => {
    server.answers = [streamed("<think>The user is\nsad.</think>\n\nconcerned"), streamed("hm", "reasoning_content")];
    expect(await endpoint().ask(QUESTION)).toBe("concerned");
    await expect(endpoint({ retries: 0 }).ask(QUESTION)).rejects.toThrow("gave an empty answer");
  });

  it("tries again after what may pass, and tells the server's words for what may not", async () => {
    server.answers = [refused(503, "loading"), refused(429, "slow down", { "retry-after": "0.01" }), streamed("happy")];
    expect(await endpoint().ask(QUESTION)).toBe("happy");
    expect(server.requests).toHaveLength(3);
    server.answers = [refused(401, "wrong key")];
    await expect(endpoint().ask(QUESTION)).rejects.toThrow("answered 401: wrong key");
    expect(server.requests).toHaveLength(4);
    server.answers = [refused(500, "broken")];
    await expect(endpoint({ retries: 1 }).ask(QUESTION)).rejects.toThrow("answered 500: broken");
    expect(server.requests).toHaveLength(6);
  });

  it("tries again when nobody answers, and says so in the end", async () => {
    const { url } = server;
    await server.stop();
    await expect(endpoint({ baseUrl: url, retries: 1 }).ask(QUESTION)).rejects.toThrow("fetch failed");
    server = await ChatServer.start();
  });

  it("ends a request that takes too long, before it answers and in the middle", async () => {
    server.answers = [() => {}];
    await expect(endpoint({ timeoutMs: 100 }).ask(QUESTION)).rejects.toThrow("no answer within 100 ms");
    server.answers = [
      (response) => {
        response.setHeader("content-type", "text/event-stream");
        response.write('data: {"choices":[{"delta":{"content":"hap"}}]}\n\n');
      },
    ];
    await expect(endpoint({ timeoutMs: 300 }).ask(QUESTION)).rejects.toThrow("no answer within 300 ms");
    await expect.poll(() => server.requests.every(({ aborted }) => aborted)).toBe(true);
  });

  it("ends a request that is aborted, with the caller's reason", async () => {
    server.answers = [() => {}];
    const controller = new AbortController();
    const asking = endpoint().ask(QUESTION, controller.signal);
    await expect.poll(() => server.requests.length).toBe(1);
    controller.abort(new Error("newer turns"));
    await expect(asking).rejects.toThrow("newer turns");
    await expect.poll(() => server.requests[0]!.aborted).toBe(true);
  });

  it("tells an error that comes in the middle of a stream", async () => {
    server.answers = [
      (response) => {
        response.setHeader("content-type", "text/event-stream");
        response.end('data: {"error":{"message":"out of memory"}}\n\n');
      },
    ];
    await expect(endpoint().ask(QUESTION)).rejects.toThrow("out of memory");
  });

  it("refuses a caller's mistakes by their path", () => {
    expect(() => endpoint({ baseUrl: "localhost" })).toThrow("options.baseUrl must be an address");
    expect(() => endpoint({ model: "" })).toThrow("options.model must be a text");
    expect(() => endpoint({ retries: 1.5 })).toThrow("options.retries must be a whole number from 0 to 10");
    expect(() => endpoint({ timeout: 5 })).toThrow("options.timeout is not an option");
  });
});

it.each([
  ["<think>a</think>b", "b"],
  ["a lot of thinking</think> b", "b"],
  ["<Thinking>a</Thinking>\n<think>c</think>b", "b"],
  ["<think>never comes to an end", ""],
  ["<think></think>\n\nb", "b"],
  ["b", "b"],
])("cuts the thoughts out of %j", (answer, text) => {
  expect(withoutThinking(answer)).toBe(text);
});
