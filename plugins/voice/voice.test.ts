import { spawnSync } from "node:child_process";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type AudioChunk, EchoError, type SpeechAudio, type Utterance, type UtteranceResult } from "echo-head";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createVoiceServer } from "../../examples/04-babylon-game/voice-server.mjs";
import { Conversation, type ConversationState } from "./conversation.js";
import {
  type HeardSpeech,
  OpenAiLanguageModel,
  OpenAiRecognizer,
  OpenAiSynthesizer,
  ProgramSynthesizer,
  type SoundSource,
} from "./index.js";
import { serverSentData } from "./openai-language-model.js";
import { sentencesOf } from "./sentences.js";
import { SpokenText } from "./spoken-text.js";
import { PcmReader, writeWav } from "./wav.js";

const hasEspeak = spawnSync("espeak-ng", ["--version"]).error === undefined;
const hasFlite = spawnSync("flite", ["--version"]).error === undefined;
if (!hasEspeak) console.warn("SKIPPED: tests that speak need espeak-ng (Debian: apt-get install espeak-ng)");
const never = new AbortController().signal;

async function* inPieces<T>(...pieces: T[]): AsyncGenerator<T, void> {
  yield* pieces;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const secondsOf = (chunks: readonly AudioChunk[]) =>
  chunks.reduce((sum, { pcm, sampleRateHz, channels = 1 }) => sum + pcm.length / channels / sampleRateHz, 0);
const loudnessOf = (chunks: readonly AudioChunk[]) =>
  Math.max(...chunks.map(({ pcm }) => pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)));

describe("sentences", () => {
  it("come out as soon as they are whole, in order and without loss", async () => {
    const text = inPieces("Good mor", "ning! The bread is fresh, Dr. Mill says. ", "Two coppers.\nOr", " three");
    expect(await collect(sentencesOf(text))).toEqual([
      "Good morning!",
      "The bread is fresh, Dr.",
      "Mill says. Two coppers.",
      "Or three",
    ]);
    expect(await collect(sentencesOf(inPieces("  ", "\n")))).toEqual([]);
  });
});

describe("WAV", () => {
  it("is read back in pieces of any length, raw or with a header that lies about its length", () => {
    const pcm = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i / 5));
    const file = writeWav(pcm, 16_000);
    new DataView(file.buffer).setUint32(40, 0xffffffff, true); // as programs write it to a pipe
    const reader = new PcmReader();
    const read: number[] = [];
    for (let at = 0; at < file.length; at += 7) read.push(...(reader.push(file.subarray(at, at + 7))?.pcm ?? []));
    expect(read).toHaveLength(100);
    for (let i = 0; i < 100; i++) expect(read[i]).toBeCloseTo(pcm[i]!, 3);
    const stereo = new PcmReader({ sampleRateHz: 8_000, channels: 2, bits: 16, float: false });
    expect(stereo.push(new Uint8Array(3))).toBeUndefined();
    expect(stereo.push(new Uint8Array(6))).toMatchObject({ channels: 2, sampleRateHz: 8_000 });
    expect(() => new PcmReader().push(new Uint8Array(50))).toThrow(/not a WAV/);
  });
});

describe("server-sent events", () => {
  it("are cut where they end, whatever the pieces and line ends", async () => {
    const bytes = new TextEncoder().encode(
      ": hello\r\n\r\ndata: one\r\n\r\ndata:two\ndata: lines\n\nevent: x\ndata: täg\n",
    );
    const pieces = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
    expect(await collect(serverSentData(inPieces(...pieces)))).toEqual(["one", "two\nlines", "täg"]);
  });
});

describe("what was said of an utterance that was cut off", () => {
  it("is what was heard of it, by time", () => {
    const spoken = new SpokenText();
    const second = { pcm: new Float32Array(8_000), sampleRateHz: 8_000 };
    spoken.begin("One two three four.");
    spoken.add(second);
    spoken.begin("Five six.");
    spoken.add(second);
    expect([0, 499, 500, 1_000, 1_600, 2_000].map((ms) => spoken.upTo(ms))).toEqual([
      "",
      "One …",
      "One two …",
      "One two three four.",
      "One two three four. Five …",
      "One two three four. Five six.",
    ]);
  });
});

/** An agent whose voice takes as long as its sound, but for a factor. */
class FakeAgent {
  readonly turns: { role: string; text: string }[] = [];
  readonly dialogue = { add: (turn: { role: string; text: string }) => void this.turns.push(turn) };
  interruptions = 0;
  /** Utterances end when a test says so, or at once. */
  hold = false;
  #open: (() => void) | undefined;

  speak(audio: SpeechAudio): Utterance {
    let playedMs = 0;
    const finished = new Promise<UtteranceResult>((resolve) => {
      this.#open = () => resolve({ playedMs: playedMs / 2, interrupted: true });
      void (async () => {
        for await (const chunk of audio as AsyncIterable<AudioChunk>) playedMs += 1_000 * secondsOf([chunk]);
        if (!this.hold) resolve({ playedMs, interrupted: false });
      })();
    });
    return { id: "utterance-1", finished };
  }

  interrupt(): void {
    this.interruptions += 1;
    this.#open?.();
  }
}

describe.skipIf(!hasEspeak)("with an OpenAI-compatible server", () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function serve(options?: Parameters<typeof createVoiceServer>[0]) {
    server = createVoiceServer(options);
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, model: "any" };
  }

  it("answers word by word", async () => {
    const asked: unknown[] = [];
    const service = await serve({ answer: (messages) => (asked.push(messages) ? "Fresh bread, sir." : "") });
    const model = new OpenAiLanguageModel({ ...service, instructions: "You sell bread." });
    const pieces = await collect(model.reply([{ role: "user", text: "What is this?" }], { signal: never }));
    expect(pieces).toEqual(["Fresh ", "bread, ", "sir."]);
    expect(asked).toEqual([
      [
        { role: "system", content: "You sell bread." },
        { role: "user", content: "What is this?" },
      ],
    ]);
  });

  it("speaks", async () => {
    const synthesizer = new OpenAiSynthesizer({ ...(await serve()), voice: "default" });
    const chunks = await collect(synthesizer.synthesize("Good morning, traveller.", { signal: never }));
    expect(secondsOf(chunks)).toBeGreaterThan(1);
    expect(secondsOf(chunks)).toBeLessThan(5);
    expect(loudnessOf(chunks)).toBeGreaterThan(0.05);
  });

  it("says what went wrong", async () => {
    const service = await serve({ key: "secret" });
    const model = new OpenAiLanguageModel({ ...service, apiKey: "wrong" });
    await expect(collect(model.reply([], { signal: never }))).rejects.toMatchObject({
      code: "voice-service-failed",
      message: expect.stringMatching(/401.*wrong key/),
    });
    const right = new OpenAiLanguageModel({ ...service, apiKey: "secret" });
    expect(await collect(right.reply([{ role: "user", text: "hello" }], { signal: never }))).not.toEqual([]);
    const absent = new OpenAiSynthesizer({ baseUrl: "http://127.0.0.1:9/v1", model: "any", voice: "any" });
    await expect(collect(absent.synthesize("Hello", { signal: never }))).rejects.toSatisfy(EchoError.is);
    const slow = new OpenAiLanguageModel({
      ...service,
      apiKey: "secret",
      timeoutMs: 20,
      fetch: (_url, init) => neverAnswers(init!),
    });
    await expect(collect(slow.reply([], { signal: never }))).rejects.toThrow(/no answer within 20 ms/);
    expect(() => new OpenAiSynthesizer({ ...service, voice: "" })).toThrow(/options\.voice/);
    expect(() => new OpenAiLanguageModel({ baseUrl: "here", model: "x" })).toThrow(/options\.baseUrl/);
  });

  it("understands utterances that it cuts out of the sound, and hears the next one begin", async () => {
    const wavs: { seconds: number; loudest: number }[] = [];
    const service = await serve({
      transcribe: (wav, language) => {
        const audio = new PcmReader().push(wav)!;
        wavs.push({ seconds: secondsOf([audio]), loudest: loudnessOf([audio]) });
        return ` words in ${language} `;
      },
    });
    // Real speech between quiet: "Good morning" is about a second long.
    const [speech] = await wholeOf(new ProgramSynthesizer(), "Good morning, what do you sell?");
    const recognizer = new OpenAiRecognizer({ ...service, source: playSound(speech!), language: "en" });
    const stop = new AbortController();
    const heard: HeardSpeech[] = [];
    for await (const event of recognizer.listen({ signal: stop.signal })) {
      heard.push(event);
      if (heard.length === 4) stop.abort();
    }
    const one = [{ type: "started" }, { type: "final", text: "words in en" }];
    expect(heard).toEqual([...one, ...one]);
    const spokenS = secondsOf([speech!]);
    expect(wavs).toHaveLength(2);
    for (const { seconds, loudest } of wavs) {
      expect(seconds).toBeGreaterThan(spokenS);
      expect(seconds).toBeLessThan(spokenS + 1.6);
      expect(loudest).toBeGreaterThan(0.05);
    }
  });

  it("holds a conversation: hears, answers aloud, remembers", async () => {
    const service = await serve({ transcribe: () => "Hello there" });
    const [speech] = await wholeOf(new ProgramSynthesizer(), "Hello there!");
    const agent = new FakeAgent();
    const states: ConversationState[] = [];
    const conversation = new Conversation({
      agent,
      recognizer: new OpenAiRecognizer({ ...service, source: playSound(speech!, 1) }),
      model: new OpenAiLanguageModel(service),
      synthesizer: new OpenAiSynthesizer({ ...service, voice: "default" }),
      onState: (state) => states.push(state),
    });
    const running = conversation.run();
    await vi.waitFor(() => expect(conversation.turns).toHaveLength(2), 20_000);
    await conversation.dispose();
    await running;
    expect(conversation.turns[0]).toEqual({ role: "user", text: "Hello there" });
    expect(conversation.turns[1]).toMatchObject({
      role: "avatar",
      text: expect.stringMatching(/^Good day.*looking for\?$/),
    });
    expect(states).toEqual(["hearing", "thinking", "speaking", "listening", "ended"]);
    expect(agent.turns.map(({ role }) => role)).toEqual(["user", "avatar", "avatar", "avatar"]);
    expect(agent.interruptions).toBe(0);
  });

  it("lets the user cut in, and remembers what was heard of the answer", async () => {
    const service = await serve({
      answer: (messages) => (messages.length > 1 ? "Sorry." : "One two three four five six. ".repeat(3)),
    });
    const agent = new FakeAgent();
    agent.hold = true;
    let cutIn: (event: HeardSpeech) => void = () => {};
    const said: [string, boolean][] = [];
    const sentences: string[] = [];
    const conversation = new Conversation({
      agent,
      recognizer: {
        async *listen({ signal }) {
          yield { type: "final", text: "Count" };
          while (!signal.aborted)
            yield await new Promise<HeardSpeech>((resolve) => {
              cutIn = resolve;
              signal.addEventListener("abort", () => resolve({ type: "final", text: "" }));
            });
        },
      },
      model: new OpenAiLanguageModel(service),
      synthesizer: new OpenAiSynthesizer({ ...service, voice: "default" }),
      onSentence: (text) => sentences.push(text),
      onSpoken: (text, interrupted) => said.push([text, interrupted]),
    });
    const running = conversation.run();
    await vi.waitFor(() => expect(sentences).toHaveLength(3), 20_000); // all of it is made, none of it ends by itself
    await new Promise((resolve) => setTimeout(resolve, 500));
    cutIn({ type: "started" });
    await vi.waitFor(() => expect(said).toHaveLength(1), 20_000);
    expect(agent.interruptions).toBe(1);
    expect(said[0]![1]).toBe(true);
    expect(said[0]![0]).toMatch(/^One two three four five six\. One two.*…$/); // half of it was played
    expect(said[0]![0].length).toBeLessThan("One two three four five six. ".length * 3);
    expect(conversation.state).toBe("hearing");
    agent.hold = false;
    cutIn({ type: "final", text: "Stop" });
    await vi.waitFor(() => expect(conversation.turns).toHaveLength(4), 20_000);
    expect(conversation.turns.map(({ text }) => text).slice(2)).toEqual(["Stop", "Sorry."]);
    await conversation.dispose();
    await running;
  });

  it("goes on when a service fails", async () => {
    const service = await serve({ key: "other" });
    const errors: unknown[] = [];
    const conversation = new Conversation({
      agent: new FakeAgent(),
      model: new OpenAiLanguageModel(service),
      synthesizer: new ProgramSynthesizer(),
      onError: (error) => errors.push(error),
    });
    conversation.hear("Hello");
    await vi.waitFor(() => expect(errors).toHaveLength(1), 20_000);
    expect(EchoError.is(errors[0])).toBe(true);
    conversation.say("I can still speak.");
    await vi.waitFor(() => expect(conversation.turns).toHaveLength(2), 20_000);
    expect(conversation.turns[1]).toEqual({ role: "avatar", text: "I can still speak." });
    await conversation.dispose();
    expect(conversation.state).toBe("ended");
  });
});

describe("ProgramSynthesizer", () => {
  it.skipIf(!hasEspeak)("speaks with espeak-ng, and stops when it is told to", async () => {
    const synthesizer = new ProgramSynthesizer({ voice: "en-gb" });
    const [speech] = await wholeOf(synthesizer, "-v is no switch here");
    expect(secondsOf([speech!])).toBeGreaterThan(0.5);
    const stop = new AbortController();
    stop.abort();
    expect(await collect(synthesizer.synthesize("Hello", { signal: stop.signal }))).toEqual([]);
  });

  it.skipIf(!hasFlite)("speaks with flite", async () => {
    const [speech] = await wholeOf(new ProgramSynthesizer({ program: "flite", voice: "slt" }), "Good morning.");
    expect(secondsOf([speech!])).toBeGreaterThan(0.3);
    expect(loudnessOf([speech!])).toBeGreaterThan(0.05);
  });

  it("says when the program is not there", async () => {
    vi.stubEnv("PATH", "/nowhere");
    try {
      await expect(collect(new ProgramSynthesizer().synthesize("Hello", { signal: never }))).rejects.toThrow(
        /not installed/,
      );
      expect(await ProgramSynthesizer.find()).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
    expect(() => new ProgramSynthesizer({ program: "rm" as never })).toThrow(/options\.program/);
  });
});

async function wholeOf(synthesizer: ProgramSynthesizer, text: string): Promise<AudioChunk[]> {
  const chunks = await collect(synthesizer.synthesize(text, { signal: never }));
  const pcm = Float32Array.from(chunks.flatMap((chunk) => [...chunk.pcm]));
  return [{ pcm, sampleRateHz: chunks[0]!.sampleRateHz }];
}

/** A microphone that hears a recording between quiet, as often as asked, faster than time. */
function playSound({ pcm, sampleRateHz }: AudioChunk, times = 2): SoundSource {
  return (sink) => {
    const quiet = Float32Array.from({ length: 1.5 * sampleRateHz }, () => 0.0005 * (Math.random() - 0.5));
    const all = Float32Array.from([...quiet, ...Array.from({ length: times }, () => [...pcm, ...quiet]).flat()]);
    const step = Math.round(sampleRateHz / 50);
    let at = 0;
    const timer = setInterval(() => {
      if (at < all.length) sink({ pcm: all.slice(at, at + step), sampleRateHz });
      at += step;
    }, 1);
    return () => clearInterval(timer);
  };
}

function neverAnswers(init: RequestInit): Promise<Response> {
  return new Promise((_, reject) => {
    init.signal!.addEventListener("abort", () => reject(init.signal!.reason as Error), { once: true });
  });
}
