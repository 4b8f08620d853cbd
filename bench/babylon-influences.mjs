/**
 * What EchoHeadBehavior costs in a frame: 52 morph targets, head and two eyes, without a GPU (Babylon's NullEngine). Prints p50 and p95
 * in ms of one frame in which everything moves. Needs a finished build.
 *
 *     node bench/babylon-influences.mjs [--json]
 */
import { cpus } from "node:os";
import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import { NullEngine } from "@babylonjs/core/Engines/nullEngine.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { CreateBox } from "@babylonjs/core/Meshes/Builders/boxBuilder.js";
import { TransformNode } from "@babylonjs/core/Meshes/transformNode.js";
import { MorphTarget } from "@babylonjs/core/Morph/morphTarget.js";
import { MorphTargetManager } from "@babylonjs/core/Morph/morphTargetManager.js";
import { Scene } from "@babylonjs/core/scene.js";
import { ARKIT_BLENDSHAPES } from "echo-head";
import { EchoHeadBehavior } from "echo-head/babylon";

const WARM_UP = 500;
const FRAMES = 5_000;

const scene = new Scene(new NullEngine());
new FreeCamera("camera", Vector3.Zero(), scene);
const avatar = new TransformNode("avatar", scene);
for (const name of ["Head", "LeftEye", "RightEye"]) new TransformNode(name, scene).parent = avatar;
const mesh = CreateBox("face", {}, scene);
mesh.parent = avatar;
const manager = new MorphTargetManager(scene);
for (const name of ARKIT_BLENDSHAPES) {
  const target = new MorphTarget(name, 0, scene);
  target.setPositions(mesh.getVerticesData("position"));
  manager.addTarget(target);
}
mesh.morphTargetManager = manager;
const eyes = scene.transformNodes.filter(({ name }) => name.endsWith("Eye"));
const behavior = new EchoHeadBehavior({ blendMs: 0, leftEye: eyes[0], rightEye: eyes[1] });
avatar.addBehavior(behavior);
if (behavior.driven.length !== 52 || behavior.joints.includes(null)) throw new Error("not everything is driven");

const blendshapes = new Float32Array(52);
const times = [];
for (let frame = 0; frame < WARM_UP + FRAMES; frame++) {
  for (let i = 0; i < 52; i++) blendshapes[i] = 0.5 + 0.5 * Math.sin(frame / 7 + i);
  const angle = 0.3 * Math.sin(frame / 20);
  const started = performance.now();
  behavior.apply({ blendshapes, pose: { yawRad: angle, pitchRad: angle, rollRad: angle, x: 0, y: 0, z: 0 } });
  scene.onBeforeRenderObservable.notifyObservers(scene);
  if (manager.influences.length === 0) throw new Error("nothing moves"); // Babylon gathers them when it draws
  if (frame >= WARM_UP) times.push(performance.now() - started);
}
times.sort((a, b) => a - b);
const at = (share) => Math.round(1e4 * times[Math.floor(share * (FRAMES - 1))]) / 1e4;
const report = { what: "EchoHeadBehavior, 52 influences, 3 joints", frames: FRAMES, p50Ms: at(0.5), p95Ms: at(0.95), cpu: cpus()[0]?.model, node: process.versions.node };
console.log(process.argv.includes("--json") ? JSON.stringify(report, undefined, 2) : `p50 ${report.p50Ms} ms, p95 ${report.p95Ms} ms a frame (${report.cpu}, Node ${report.node})`);
process.exit(0);
