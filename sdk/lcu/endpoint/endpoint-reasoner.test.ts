import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EchoError } from "../../base/errors.js";
import { AffectRunner } from "../affect-runner.js";
import { EMOTION_WORDS, INTENSITY_WORDS, knownPhrases } from "../affect-words.js";
import { ChatServer, refused, streamed } from "./chat-server.fixture.js";
import { EndpointReasoner } from "./endpoint-reasoner.js";
import { EndpointUnderstanding } from "./endpoint-understanding.js";

let server: ChatServer;
beforeEach(async () => {
  server = await ChatServer.start();
});
afterEach(() => server.stop());

const HISTORY = [
  { role: "user", text: "My dog died\nyesterday.", timeS: 10 },
  { role: "avatar", text: "I am so sorry.", timeS: 14 },
] as const;
const texts = (n = 0): string[] => server.requests[n]!.body.messages.map(({ content }) => content as string);

it("shows the model the dialogue and the words it may use, and takes those it uses", async () => {
  server.answers = [streamed("<think>Sad news.</think>\n**Concerned**, very sympathetic, and not happy.")];
  const reasoner = new EndpointReasoner({ baseUrl: server.url, model: "m" });
  expect(await reasoner.infer(HISTORY)).toEqual({ text: "concerned, very sympathetic" });
  const [system, user] = texts();
  expect(system).toContain("neutral, calm, happy");
  expect(system).not.toMatch(/[{}]/);
  expect(user).toContain("[4 s ago] user: My dog died yesterday.\n[0 s ago] avatar: I am so sorry.");
});

it("takes a prompt of the caller's", async () => {
  server.answers = [streamed("calm")];
  const prompt = { system: "S {intensities} {other}", user: "U {dialogue}" };
  await new EndpointReasoner({ baseUrl: server.url, model: "m", prompt, turns: 1 }).infer(HISTORY);
  expect(texts()).toEqual(["S slightly, gently, quite, very {other}", "U [0 s ago] avatar: I am so sorry."]);
});

it("says so when the model names no emotion that the pack knows", async () => {
  server.answers = [streamed("I cannot help with that.")];
  const reasoner = new EndpointReasoner({ baseUrl: server.url, model: "m" });
  await expect(reasoner.infer(HISTORY)).rejects.toThrow('named no known emotion: "I cannot help');
});

it("never keeps anybody waiting: the last affect stays while an endpoint is slow or broken", async () => {
  let answerLate = () => {};
  server.answers = [
    streamed("happy"),
    refused(400, "no such model"),
    (response, request) => {
      answerLate = () => void streamed("sympathetic")(response, request);
    },
  ];
  const errors: EchoError[] = [];
  const reasoner = new EndpointReasoner({ baseUrl: server.url, model: "m" });
  const runner = new AffectRunner({ reasoner, onError: (error) => errors.push(error) });
  const add = (text: string, timeS: number) => runner.add({ role: "user", text, timeS });
  add("Hi!", 0);
  expect(runner.textAt(0)).toBe("neutral, calm");
  await runner.settled();
  expect(runner.textAt(1)).toBe("happy");
  add("Hm.", 2);
  await runner.settled();
  expect(errors.map(({ code, message }) => [code, message])).toEqual([
    ["reasoner-failed", expect.stringContaining("answered 400: no such model")],
  ]);
  expect(runner.textAt(3)).toBe("happy");
  add("My dog died.", 4);
  await expect.poll(() => server.requests.length).toBe(3);
  expect(runner.textAt(5)).toBe("happy");
  answerLate();
  await runner.settled();
  expect(runner.textAt(6)).toBe("sympathetic");
});

it("gives a model that thinks the time that its endpoint has", () => {
  expect(new EndpointReasoner({ baseUrl: server.url, model: "m", timeoutMs: 45_000 }).timeoutMs).toBe(45_000);
});

const EVIDENCE = {
  notes: ["[12 s ago, 10 s long] speaks 40 % of the time, smile 0.4 of 1, 2 nods"],
  dialogue: HISTORY,
  pictures: ["data:image/jpeg;base64,AAAA"],
};

it("understands behaviour from notes, and sends pictures only where that was asked for", async () => {
  server.answers = [streamed("quite sad, tired")];
  const options = { baseUrl: server.url, model: "m" };
  expect(await new EndpointUnderstanding(options).understand(EVIDENCE)).toEqual({ text: "quite sad, tired" });
  expect(texts()[1]).toContain("2 nods");
  expect(JSON.stringify(server.requests[0]!.body)).not.toContain("image");
  await new EndpointUnderstanding({ ...options, keyFrames: true }).understand(EVIDENCE);
  expect(server.requests[1]!.body.messages[1]!.content).toEqual([
    { type: "text", text: expect.stringContaining("My dog died") },
    { type: "image_url", image_url: { url: "data:image/jpeg;base64,AAAA" } },
  ]);
});

it("names only words that the shipped pack's text encoder knows", () => {
  const file = new URL("../../../models/echo-nano/behaviour/vocabulary.json", import.meta.url);
  const vocabulary = JSON.parse(readFileSync(file, "utf8")) as string[];
  for (const word of [...EMOTION_WORDS, ...INTENSITY_WORDS]) expect(vocabulary).toContain(word);
});

it.each([
  ["The avatar looks **very happy** and warm.", "very happy, warm"],
  ["happy, happy, very happy", "happy"],
  ["Concerned; gently sympathetic; calm; attentive; sad", "concerned, gently sympathetic, calm, attentive"],
  ["no idea", ""],
])("reads the phrases of %j", (answer, phrases) => {
  expect(knownPhrases(answer)).toBe(phrases);
});
