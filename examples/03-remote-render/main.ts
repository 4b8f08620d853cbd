import { EchoAgent, SpeechPlayer } from "echo-head";

const at = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;
const asked = new URLSearchParams(location.search);
const remote = asked.get("server") ?? "http://127.0.0.1:8787";
at("server").textContent = remote;

/** The newest frame, with its transparency, over whatever the page shows. */
async function draw(agent: EchoAgent): Promise<void> {
  const canvas = at<HTMLCanvasElement>("head");
  const context = canvas.getContext("bitmaprenderer");
  for await (const frame of agent.frames()) {
    const bitmap = await frame.toImageBitmap();
    frame.close();
    if (canvas.width !== bitmap.width) [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    context?.transferFromImageBitmap(bitmap);
  }
}

function trouble(text: string): void {
  at("trouble").textContent = text;
  at("trouble").className = "seen";
}

function tell(agent: EchoAgent): void {
  const show = (id: string, text: string): void => {
    at(id).textContent = text;
  };
  show("backend", agent.backend);
  show("state", agent.state);
  agent.on("state-changed", ({ to }) => show("state", to));
  agent.on("error", ({ error }) => trouble(`${error.code}: ${error.message}`));
  agent.on("stats", ({ blockMs, leadMs, skippedBlocks, deliveredFrames }) => {
    show("block", `${blockMs.p50.toFixed(0)} ms (p95 ${blockMs.p95.toFixed(0)} ms)`);
    show("lead", `${leadMs.toFixed(0)} ms`);
    show("frames", `${deliveredFrames} shown, ${skippedBlocks} blocks left out`);
  });
}

try {
  const context = new AudioContext();
  const voice = await SpeechPlayer.create({ context });
  // The one line that is different: the head is rendered there, everything that listens stays here.
  const backend = { remote, token: asked.get("token") ?? undefined };
  const agent = await EchoAgent.create({ pack: new URL("/pack/", location.href), clock: voice, backend });
  tell(agent);
  void draw(agent);
  const speak = at<HTMLButtonElement>("speak");
  speak.disabled = false;
  speak.addEventListener("click", async () => {
    await context.resume();
    const file = await fetch("/conversation/conversation.avatar.wav");
    agent.speak(await context.decodeAudioData(await file.arrayBuffer()));
  });
  at("listen").addEventListener("click", async () => {
    await context.resume();
    await agent.user.attachMicrophone(await navigator.mediaDevices.getUserMedia({ audio: true }));
  });
  addEventListener("pagehide", () => void agent.dispose());
} catch (error) {
  at("state").textContent = "no head";
  trouble(`${(error as Error).message}. Is a server running? npx echo-head serve`);
}
