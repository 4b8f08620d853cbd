/**
 * A stand-in for an OpenAI-compatible service, so that the example talks without one: espeak-ng or flite for the voice, a shopkeeper made
 * of rules for the words. It understands no speech: the page then uses the browser's recogniser, or the keyboard.
 *
 *     node examples/04-babylon-game/voice-server.mjs [port]      default 8138; give the page ?api=http://127.0.0.1:8138/v1
 */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const RULES = [
  [
    /\b(hello|hi|good (morning|evening|day))\b/i,
    "Good day to you, traveller! Welcome to my little shop. What are you looking for?",
  ],
  [
    /\b(bread|food|eat|hungry)\b/i,
    "The bread is fresh from this morning. Two coppers a loaf, and the smell comes free.",
  ],
  [
    /\b(sword|weapon|fight|dragon)\b/i,
    "A sword? Oh dear. I sell bread and lamps. The smith is across the bridge, but do be careful out there.",
  ],
  [/\b(lamp|light|dark)\b/i, "This lamp burns all night. Five coppers. It has never once gone out on me."],
  [/\b(buy|take|pay)\b/i, "A fine choice! Here you are. Thank you, and come again soon."],
  [/\b(bye|goodbye|farewell)\b/i, "Farewell, and safe travels!"],
];
const OTHERWISE = "Hm, that is beyond me, I am afraid. But I do have bread, and I do have lamps.";

/** @param {readonly { role: string, content: string }[]} messages */
function shopkeeper(messages) {
  const said = messages.findLast(({ role }) => role === "user")?.content ?? "";
  return (RULES.find(([pattern]) => pattern.test(said)) ?? [undefined, OTHERWISE])[1];
}

/** The voice as a program that writes a WAV file to its output. @param {string} voice */
function startVoice(voice) {
  const child = spawn("espeak-ng", ["-v", voice === "default" ? "en-gb" : voice, "-s", "160", "--stdin", "--stdout"]);
  child.once("error", () => child.stdout.destroy());
  child.stdin.on("error", () => {});
  return child;
}

/**
 * @param {{ answer?: (messages: readonly { role: string, content: string }[]) => string,
 *   transcribe?: (wav: Uint8Array, language: string | null) => string | Promise<string>, key?: string }} options
 */
export function createVoiceServer({ answer = shopkeeper, transcribe, key } = {}) {
  return createServer(async (request, response) => {
    response.setHeader("Access-Control-Allow-Origin", request.headers.origin ?? "*");
    response.setHeader("Access-Control-Allow-Headers", "authorization, content-type");
    response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
    const refuse = (status, message) =>
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ error: { message } }));
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}`) return refuse(401, "wrong key");
    try {
      const body = new Response(request, { headers: { "Content-Type": request.headers["content-type"] ?? "" } });
      if (request.url === "/v1/audio/speech") {
        const { input, voice, response_format: format } = await body.json();
        if (typeof input !== "string" || format !== "wav")
          return refuse(400, "input must be a text, response_format wav");
        const child = startVoice(voice);
        response.once("close", () => child.kill());
        child.stdin.end(input);
        response.setHeader("Content-Type", "audio/wav");
        return child.stdout.pipe(response);
      }
      if (request.url === "/v1/chat/completions") {
        const { messages, model, stream } = await body.json();
        if (!Array.isArray(messages) || stream !== true) return refuse(400, "messages must be a list, stream true");
        response.setHeader("Content-Type", "text/event-stream");
        const send = (delta) =>
          response.write(
            `data: ${JSON.stringify({ object: "chat.completion.chunk", model, choices: [{ index: 0, delta }] })}\n\n`,
          );
        send({ role: "assistant", content: "" });
        for (const word of answer(messages).split(/(?<= )/)) {
          if (response.destroyed) return;
          send({ content: word });
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return response.end("data: [DONE]\n\n");
      }
      if (request.url === "/v1/audio/transcriptions") {
        if (transcribe === undefined) return refuse(501, "this stand-in understands no speech");
        const form = await body.formData();
        const file = form.get("file");
        if (!(file instanceof Blob)) return refuse(400, "file is missing");
        const text = await transcribe(new Uint8Array(await file.arrayBuffer()), form.get("language"));
        return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ text }));
      }
      refuse(404, "there is nothing here");
    } catch (error) {
      refuse(400, String(error));
    }
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const port = Number(process.argv[2] ?? 8138);
  createVoiceServer().listen(port, "127.0.0.1", () => console.log(`a voice at http://127.0.0.1:${port}/v1`));
}
