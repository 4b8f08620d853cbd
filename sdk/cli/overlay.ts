import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenAgent, Overlay, OverlayOptions } from "../../plugins/obs/index.js";
import { OpenAiSynthesizer, ProgramSynthesizer, type SpeechSynthesizer } from "../../plugins/voice/index.js";
import { EchoAgent } from "../agent.js";
import type { AudioChunk } from "../capture/types.js";
import { openAudioFile } from "../media/audio-file.js";
import type { BackendName } from "../protocol/backend.js";
import { type Command, type CommandIo, type OptionValues, textOf, wholeNumberOf } from "./command.js";
import { EXIT, UsageError } from "./exit-codes.js";

/** Rate at which recordings are spoken, in Hz; the head hears 16 kHz anyway. */
const SPEAK_RATE_HZ = 24_000;
const DEFAULT_PORT = 8137;

/** Starts the overlay; a test's own, or serveOverlay of echo-head/obs. */
export type ServeOverlay = (options: OverlayOptions) => Promise<Overlay>;

/** `echo-head overlay`. The server is a parameter so that the other commands do not load it. */
export function createOverlayCommand(serve: ServeOverlay = serveHere): Command {
  return {
    name: "overlay",
    summary: "Generates a head on this machine and serves it as a browser source for OBS, with true transparency.",
    options: {
      pack: {
        value: "<name|dir>[,...]",
        help: "packs that sources may name, the first is the default; default echo-nano",
      },
      avatar: { value: "<id>", help: "the head of a source that names none; default: the pack's first choice" },
      backend: {
        value: "<name>",
        choices: ["auto", "cpu", "wasm", "webgpu", "cuda"],
        help: "where the model runs; default auto",
      },
      remote: {
        value: "<url>",
        help: "render server that makes the pictures; it alone gets the token in $ECHO_HEAD_TOKEN",
      },
      port: { value: "<n>", help: `default ${DEFAULT_PORT}; 0 takes any free one` },
      delay: { value: "<ms>", help: "how long after its time everything is shown and played; default 200" },
      idle: { value: "<s>", help: "a head that no scene shows ends after so long; default 60" },
      voice: { value: "<name>", help: "voice of POST /say: of espeak-ng or flite, or of the service" },
      "speech-url": { value: "<url>", help: "OpenAI-compatible service that speaks, such as http://127.0.0.1:8000/v1" },
      "speech-model": { value: "<name>", help: "its model; default tts-1. Its key is read from $SPEECH_API_KEY" },
      json: { help: "print the address as JSON" },
    },
    notes: [
      "Give the printed address to OBS as a browser source, or run echo-head obs install. Parameters of the address:",
      "pack, avatar, remote, scale, mirror, captions, sound, debug. GET /health tells how it is doing; POST /say, /speak,",
      "/hear, /dialogue and /interrupt drive it from this machine (docs/obs.md). Ctrl-C ends it.",
    ],
    run: async (values, _, io) => {
      const overlay = await serve(await overlayOptions(values, io)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EADDRINUSE") throw error;
        throw new UsageError("the port is taken, perhaps by another overlay; choose one with --port");
      });
      try {
        const head = await overlay.head(); // what is wrong shows now, not on air
        const { url, port } = overlay;
        const { pack, avatar, agent } = head;
        if (values.json === true) io.out(`${JSON.stringify({ url, port, pack, avatar, backend: agent.backend })}\n`);
        else io.out(`${url}\n`);
        io.err(`${pack}/${avatar} on ${agent.backend}; waiting for OBS. Health: ${url}health. Ctrl-C ends it.\n`);
        await aborted(io.signal);
        return EXIT.ok;
      } finally {
        await overlay.dispose();
      }
    },
  };
}

const serveHere: ServeOverlay = async (options) => (await import("../../plugins/obs/index.js")).serveOverlay(options);

async function overlayOptions(values: OptionValues, io: CommandIo): Promise<OverlayOptions> {
  const backend = textOf(values, "backend") as BackendName | undefined;
  const { ECHO_HEAD_TOKEN: token } = process.env;
  const server = textOf(values, "remote");
  if (server !== undefined && !(URL.canParse(server) && /^https?:$/.test(new URL(server).protocol)))
    throw new UsageError(`--remote must be the http(s) address of a render server, it is "${server}"`);
  const open: OpenAgent = ({ pack = "echo-nano", avatar, remote = server }, clock) => {
    // Any page of this machine can name a server: the token is for the one that the user named.
    const trusted = server !== undefined && remote !== undefined && sameOrigin(remote, server);
    const where = remote === undefined ? backend : { remote, token: trusted ? token : undefined };
    return EchoAgent.create({ pack, avatar, backend: where, clock, signal: io.signal });
  };
  const voice = await findVoice(values, io);
  const idleS = wholeNumberOf(values, "idle", 1);
  return {
    open,
    packs: (textOf(values, "pack") ?? "echo-nano").split(","),
    avatar: textOf(values, "avatar"),
    port: wholeNumberOf(values, "port", 0),
    delayMs: wholeNumberOf(values, "delay", 0),
    idleMs: idleS === undefined ? undefined : 1_000 * idleS,
    decode: decodeRecording,
    synthesize: voice === undefined ? undefined : (text, options) => voice.synthesize(text, options),
    onEvent: (text) => io.err(`${text}\n`),
  };
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && new URL(a).origin === new URL(b).origin;
}

/** The voice of POST /say: the service that was named, else a program that is installed. */
async function findVoice(values: OptionValues, io: CommandIo): Promise<SpeechSynthesizer | undefined> {
  const baseUrl = textOf(values, "speech-url");
  const voice = textOf(values, "voice");
  if (baseUrl !== undefined) {
    const model = textOf(values, "speech-model") ?? "tts-1";
    const { SPEECH_API_KEY: apiKey } = process.env;
    return new OpenAiSynthesizer({ baseUrl, model, apiKey, voice: voice ?? "alloy" });
  }
  const program = await ProgramSynthesizer.find({ voice });
  if (program === undefined) io.err("no voice for POST /say: install espeak-ng or flite, or give --speech-url\n");
  return program;
}

/** Decodes as the other commands do: through a file, because the decoders check files. */
async function* decodeRecording(recording: Uint8Array): AsyncGenerator<AudioChunk, void> {
  const folder = await mkdtemp(join(tmpdir(), "echo-head-overlay-"));
  try {
    const path = join(folder, "recording");
    await writeFile(path, recording);
    for await (const pcm of (await openAudioFile(path)).mono({ sampleRateHz: SPEAK_RATE_HZ }))
      yield { pcm, sampleRateHz: SPEAK_RATE_HZ };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
