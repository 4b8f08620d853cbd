import { ArcRotateCamera } from "@babylonjs/core/Cameras/arcRotateCamera.js";
import { Engine } from "@babylonjs/core/Engines/engine.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { Scene } from "@babylonjs/core/scene.js";
import { EchoAgent, SpeechPlayer } from "echo-head";
import { createHeadPlane, EchoHeadTexture } from "echo-head/babylon";

// A scene of yours.
const canvas = document.getElementById("scene") as HTMLCanvasElement;
const engine = new Engine(canvas, true);
const scene = new Scene(engine);
new ArcRotateCamera("camera", -Math.PI / 2, Math.PI / 2, 2.6, Vector3.Zero(), scene).attachControl();
engine.runRenderLoop(() => scene.render());

// The head in it: ten lines.
const context = new AudioContext();
const voice = await SpeechPlayer.create({ context });
const agent = await EchoAgent.create({ pack: new URL("/pack/", location.href), clock: voice });
const head = new EchoHeadTexture({ scene, alpha: "premultiplied" });
createHeadPlane({ scene, texture: head, size: 2 });
void head.play(agent.frames());
document.getElementById("speak")?.addEventListener("click", async () => {
  await context.resume();
  const file = await fetch("/conversation/conversation.avatar.wav");
  agent.speak(await context.decodeAudioData(await file.arrayBuffer()));
});
