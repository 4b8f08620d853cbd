import { CreateAudioEngineAsync } from "@babylonjs/core/AudioV2/webAudio/webAudioEngine.js";
import { Engine } from "@babylonjs/core/Engines/engine.js";
import { EchoAgent, EchoError, readMicrophone, SpeechPlayer } from "echo-head";
import { createHeadBillboard, createHeadVoice, EchoHeadTexture } from "echo-head/babylon";
import {
  Conversation,
  OpenAiLanguageModel,
  OpenAiRecognizer,
  OpenAiSynthesizer,
  type SpeechRecognizer,
  type SpokenTurn,
  WebSpeechRecognizer,
} from "echo-head/voice";
import { buildShop } from "./shop.js";

const at = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;
const show = (id: string, text: string): void => {
  at(id).textContent = text;
};
const asked = new URLSearchParams(location.search);
/** An OpenAI-compatible service; voice-server.mjs is a stand-in. Keys of paid services belong on a server, not in a page. */
const service = (model: string) => ({
  baseUrl: asked.get("api") ?? "http://127.0.0.1:8138/v1",
  model: asked.get(model) ?? model,
});

// The game.
const canvas = at<HTMLCanvasElement>("scene");
const engine = new Engine(canvas, true);
const { scene, camera, keeper } = buildShop(engine);
engine.runRenderLoop(() => scene.render());
addEventListener("resize", () => engine.resize());

// The shopkeeper's head: it stands on his shoulders, and his voice comes from there.
const head = new EchoHeadTexture({ scene, alpha: "premultiplied" });
const face = createHeadBillboard({ scene, texture: head, parent: keeper, height: 1.62, size: 0.64 });
const context = new AudioContext();
const audioEngine = await CreateAudioEngineAsync({ audioContext: context, disableDefaultUI: true });
audioEngine.listener.attach(camera);
const { output } = await createHeadVoice({ audioEngine, context, node: face, minDistance: 1.5 });
const agent = await EchoAgent.create({
  pack: new URL("/pack/", location.href),
  avatar: asked.get("avatar") ?? undefined,
  clock: await SpeechPlayer.create({ context, output }),
});
void head.play(agent.frames());

// The conversation.
const hear = (stream: MediaStream): SpeechRecognizer | undefined => {
  if (asked.has("recognizer"))
    return new OpenAiRecognizer({ ...service("recognizer"), source: (sink) => readMicrophone(stream, sink) });
  return WebSpeechRecognizer.available ? new WebSpeechRecognizer() : undefined;
};
const begin = (turns: readonly SpokenTurn[], recognizer?: SpeechRecognizer): Conversation =>
  new Conversation({
    agent,
    turns,
    recognizer,
    model: new OpenAiLanguageModel({
      ...service("model"),
      instructions:
        "You keep a small shop with bread and lamps in a village. Answer in one or two short spoken sentences.",
    }),
    synthesizer: new OpenAiSynthesizer({ ...service("voice-model"), voice: asked.get("voice") ?? "default" }),
    onState: (state) => show("state", state),
    onHeard: (text) => show("user", text),
    onSentence: (text) => show("keeper", text),
    onSpoken: (text, interrupted) => interrupted && show("keeper", text),
    onError: (error) => show("trouble", EchoError.is(error) ? `${error.code}: ${error.message}` : String(error)),
  });
let conversation = begin([]);

at("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  await context.resume();
  const field = at<HTMLInputElement>("text");
  if (field.value.trim() !== "") conversation.hear(field.value);
  field.value = "";
});

at("talk").addEventListener(
  "click",
  async () => {
    await context.resume();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
      await agent.user.attachMicrophone(stream); // he listens while you speak: nods, looks, smiles
      const recognizer = hear(stream);
      if (recognizer === undefined) throw new Error("no recogniser here: add ?recognizer=whisper-1, or type");
      await conversation.dispose();
      conversation = begin(conversation.turns, recognizer);
      conversation.run().catch(() => {}); // told by onError
      show("talk", "He hears you");
    } catch (error) {
      show("trouble", (error as Error).message);
    }
  },
  { once: true },
);
show("state", "listening");
