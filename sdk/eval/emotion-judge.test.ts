import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { EchoError } from "../base/errors.js";
import { type JudgedVideo, judgeEmotion, parseVerdict } from "./emotion-judge.js";

const VIDEO: JudgedVideo = { pictures: ["data:image/png;base64,AAAA", "data:image/png;base64,BBBB"], timesS: [0, 0.5] };
const SCORED = '{"category": 4, "intensity": 3, "timing": 5, "overall": 4, "reason": "both smile"}';

type Received = {
  url: string | undefined;
  key: string | undefined;
  body: { model: string; seed: number; messages: { content: { type: string }[] }[] };
};
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A local server that answers as an OpenAI-compatible endpoint does, with these texts in turn. */
async function endpoint(answers: readonly (string | { status: number; text: string })[]) {
  const received: Received[] = [];
  const read = async (request: IncomingMessage) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    return JSON.parse(text) as Received["body"];
  };
  const server = createServer(async (request, response) => {
    const answer = answers[Math.min(received.length, answers.length - 1)]!;
    received.push({ url: request.url, key: request.headers.authorization, body: await read(request) });
    if (typeof answer !== "string") return response.writeHead(answer.status).end(answer.text);
    return response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: answer } }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, received };
}

it("sends both videos as pictures with times and reads the scores", async () => {
  const { url, received } = await endpoint([`Here you are:\n\`\`\`json\n${SCORED}\n\`\`\``]);
  const verdict = await judgeEmotion({ endpoint: { url, model: "seer", apiKey: "k" }, generated: VIDEO, truth: VIDEO });
  expect(verdict).toMatchObject({ category: 4, intensity: 3, timing: 5, overall: 4, spread: 0 });
  expect(received).toHaveLength(1);
  const [{ url: path, key, body }] = received as [Received];
  expect([path, key, body.model]).toEqual(["/v1/chat/completions", "Bearer k", "seer"]);
  const kinds = body.messages[0]!.content.map(({ type }) => type);
  expect(kinds.filter((kind) => kind === "image_url")).toHaveLength(4);
});

it("takes the mean of repeated answers, each with a seed of its own", async () => {
  const { url, received } = await endpoint([SCORED, SCORED.replace('"overall": 4', '"overall": 2')]);
  const verdict = await judgeEmotion({ endpoint: { url, model: "m" }, generated: VIDEO, truth: VIDEO, repeats: 2 });
  expect(verdict).toMatchObject({ overall: 3, spread: 1 });
  expect(new Set(received.map(({ body }) => body.seed)).size).toBe(2);
});

it("asks again when the answer holds no scores, and gives up after three", async () => {
  const patient = await endpoint(["I like both.", SCORED]);
  const verdict = await judgeEmotion({ endpoint: { url: patient.url, model: "m" }, generated: VIDEO, truth: VIDEO });
  expect(verdict.overall).toBe(4);
  const stubborn = await endpoint(["I like both."]);
  const judging = judgeEmotion({ endpoint: { url: stubborn.url, model: "m" }, generated: VIDEO, truth: VIDEO });
  await expect(judging).rejects.toSatisfy(
    (e) => EchoError.is(e) && e.code === "judge-failed" && /no scores/.test(e.message),
  );
  expect(stubborn.received).toHaveLength(3);
});

it.each([
  ["a refusal", { status: 401, text: "bad key" }, /status 401: bad key/],
  ["a server error", { status: 500, text: "overloaded" }, /status 500: overloaded/],
])("reports %s with its words", async (_, answer, words) => {
  const { url } = await endpoint([answer]);
  const judging = judgeEmotion({ endpoint: { url, model: "m" }, generated: VIDEO, truth: VIDEO });
  await expect(judging).rejects.toThrow(words);
});

it("reports an endpoint that is not there, and stops when told to", async () => {
  const judging = judgeEmotion({ endpoint: { url: "http://127.0.0.1:9", model: "m" }, generated: VIDEO, truth: VIDEO });
  await expect(judging).rejects.toSatisfy((e) => EchoError.is(e) && e.code === "judge-failed");
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  const { url } = await endpoint([SCORED]);
  const stopped = judgeEmotion({ endpoint: { url, model: "m" }, generated: VIDEO, truth: VIDEO, signal: stop.signal });
  await expect(stopped).rejects.toThrow("enough");
});

it.each([
  ['{"category": 9, "intensity": 3, "timing": 5, "overall": 4}', undefined],
  ['{"category": "4", "intensity": "3", "timing": "5", "overall": "4"}', 4],
  [`{nonsense} ${SCORED}`, 4],
  ["", undefined],
])("parses %j", (text, overall) => expect(parseVerdict(text)?.overall).toBe(overall));
