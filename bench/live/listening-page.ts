import { EchoAgent, type QualityLevel } from "../../sdk/index.js";
import { asked, assets, button, createPainter, loadVoice } from "./page-parts.js";
import { cut, say, smile } from "./person.js";
import { type ListeningRun, SEED, type ShownFrame } from "./reaction.js";
import { REACTED_TO } from "./said.js";

/** A page whose head only listens, for measuring reactions: "start" loads it, "smile" and "voice" are what the person does. */
declare global {
  interface Window {
    listened(): ListeningRun["inside"];
  }
}

async function start(): Promise<void> {
  const voice = cut(await loadVoice(new OfflineAudioContext(1, 1, 16_000), "user"), REACTED_TO);
  const remote = asked.get("remote");
  const agent = await EchoAgent.create({
    pack: "/pack/",
    assets,
    seed: SEED,
    quality: asked.get("quality") as QualityLevel,
    backend: remote === null ? "wasm" : { remote },
  });
  const frames: ShownFrame[] = [];
  let eventMs: number | undefined;
  const does = (act: () => void) => () => {
    eventMs = performance.now();
    act();
  };
  button("smile", does(() => smile(agent.user)));
  button("voice", does(() => say(agent.user, voice)));
  window.listened = () => ({ frames, eventMs });
  for await (const frame of agent.frames()) {
    paint(frame);
    frames.push({ atMs: performance.now(), blendshapes: [...frame.blendshapes] });
    frame.close();
  }
}

const paint = createPainter();
button("start", start);
