import "@babylonjs/core/Materials/standardMaterial.js";
import { CreateAudioEngineAsync } from "@babylonjs/core/AudioV2/webAudio/webAudioEngine.js";
import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import type { AbstractEngine } from "@babylonjs/core/Engines/abstractEngine.js";
import { Engine } from "@babylonjs/core/Engines/engine.js";
import { NullEngine } from "@babylonjs/core/Engines/nullEngine.js";
import { WebGPUEngine } from "@babylonjs/core/Engines/webgpuEngine.js"; // after scene.js: the other order breaks under esbuild
import { HemisphericLight } from "@babylonjs/core/Lights/hemisphericLight.js";
import { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial.js";
import { Color3, Color4 } from "@babylonjs/core/Maths/math.color.js";
import { Quaternion, Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { CreateSphere } from "@babylonjs/core/Meshes/Builders/sphereBuilder.js";
import { TransformNode } from "@babylonjs/core/Meshes/transformNode.js";
import { MorphTarget } from "@babylonjs/core/Morph/morphTarget.js";
import { MorphTargetManager } from "@babylonjs/core/Morph/morphTargetManager.js";
import { Scene } from "@babylonjs/core/scene.js";
import {
  type AlphaMode,
  createHeadBillboard,
  createHeadPlane,
  createHeadVoice,
  EchoHeadBehavior,
  EchoHeadTexture,
  lendDevice,
} from "../../plugins/babylon/index.js";
import { ARKIT_BLENDSHAPES } from "../../sdk/protocol/arkit.js";

const SIZE = 64;

/** A picture with known pixels: green upper left quarter, red rest, half clear lower half, all clear beyond a circle. */
function picture(): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(SIZE * SIZE * 4);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      const inside = Math.hypot(x - 31.5, y - 31.5) < 30;
      const green = x < 32 && y < 32;
      rgba.set([green ? 0 : 220, green ? 200 : 20, 30, inside ? (y < 32 ? 255 : 128) : 0], 4 * (y * SIZE + x));
    }
  return rgba;
}

/** A ball with a dark nose and 52 morph targets: "jawOpen" pulls its lower half down, the others do little. */
function makeHead(scene: Scene): TransformNode {
  const avatar = new TransformNode("__root__", scene);
  const joint = new TransformNode("Head", scene);
  joint.parent = avatar;
  const ball = CreateSphere("skin", { diameter: 1, segments: 16 }, scene);
  ball.parent = joint;
  const material = new StandardMaterial("skin", scene);
  material.diffuseColor = new Color3(0.9, 0.7, 0.6);
  material.specularColor = Color3.Black();
  ball.material = material;
  const nose = CreateSphere("nose", { diameter: 0.25 }, scene);
  const dark = new StandardMaterial("nose", scene);
  dark.diffuseColor = new Color3(0.1, 0.1, 0.5);
  dark.specularColor = Color3.Black();
  nose.material = dark;
  nose.parent = joint;
  nose.position.z = 0.5;
  const manager = new MorphTargetManager(scene);
  const positions = ball.getVerticesData("position")!;
  for (const name of ARKIT_BLENDSHAPES) {
    const target = new MorphTarget(name.replace(/Left$/, "_L").replace(/Right$/, "_R"), 0, scene);
    target.setPositions(
      positions.map((value, i) => (name === "jawOpen" && i % 3 === 1 && value < -0.1 ? value - 0.5 : value)),
    );
    target.setNormals(ball.getVerticesData("normal"));
    manager.addTarget(target);
  }
  ball.morphTargetManager = manager;
  return avatar;
}

/** How the picture gets to the texture: through memory, as another thread's bitmap, or on the engine's own GPU device. */
type Way = "memory" | "bitmap" | "texture";

/** What a frame has of the picture, by its way. */
async function pictureOf(way: Way, engine: AbstractEngine) {
  const rgba = picture();
  if (way === "memory") return { rgba };
  if (way === "bitmap")
    return { bitmap: await createImageBitmap(new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, SIZE, SIZE)) };
  const device = await lendDevice(engine as WebGPUEngine).device();
  const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC | GPUTextureUsage.TEXTURE_BINDING;
  const texture = device.createTexture({ size: [SIZE, SIZE], format: "rgba8unorm", usage });
  device.queue.writeTexture({ texture }, rgba as Uint8ClampedArray<ArrayBuffer>, { bytesPerRow: 4 * SIZE }, [
    SIZE,
    SIZE,
  ]);
  return { texture, device };
}

async function start(kind: "webgl2" | "webgpu", handedness: "left" | "right", way: Way, alpha: AlphaMode) {
  const canvas = document.createElement("canvas");
  canvas.id = "scene";
  canvas.width = 480;
  canvas.height = 240;
  document.body.style.margin = "0";
  document.body.append(canvas);
  let engine: AbstractEngine;
  if (kind === "webgpu") {
    const gpu = new WebGPUEngine(canvas, { antialias: false });
    await gpu.initAsync();
    engine = gpu;
  } else {
    engine = new Engine(canvas, false);
  }
  const scene = new Scene(engine);
  scene.clearColor = new Color4(0, 0, 1, 1);
  scene.ambientColor = Color3.White();
  const towardsViewer = handedness === "right" ? 1 : -1;
  scene.useRightHandedSystem = handedness === "right";
  const camera = new FreeCamera("camera", new Vector3(0, 0, 4 * towardsViewer), scene);
  camera.setTarget(Vector3.Zero());
  new HemisphericLight("light", new Vector3(0.3, 1, towardsViewer), scene);

  const texture = new EchoHeadTexture({ scene, alpha });
  const plane = createHeadPlane({ scene, texture, size: 1 });
  plane.position.x = -2;
  createHeadBillboard({ scene, texture, size: 1, height: 0 }).position.x = -0.7;
  const head = makeHead(scene);
  if (handedness === "left") {
    // As the glTF importer leaves it, in a character that was turned to the viewer.
    head.rotationQuaternion = new Quaternion(0, 1, 0, 0);
    head.scaling.z = -1;
    const character = new TransformNode("character", scene);
    character.rotation.y = Math.PI;
    character.position.x = 1.3;
    head.parent = character;
  } else {
    head.position.x = 1.3;
  }
  const behavior = new EchoHeadBehavior({ blendMs: 0 });
  head.addBehavior(behavior);
  texture.onFrameShownObservable.add((frame) => behavior.apply(frame as never));
  await scene.whenReadyAsync();

  return async (jawOpen: number, yawRad: number) => {
    const blendshapes = new Float32Array(52);
    blendshapes[ARKIT_BLENDSHAPES.indexOf("jawOpen")] = jawOpen;
    const pose = { yawRad, pitchRad: 0, rollRad: 0, x: 0, y: 0, z: 0 };
    const shown = await pictureOf(way, engine);
    texture.show({ width: SIZE, height: SIZE, ...shown, blendshapes, pose, close() {} } as never);
    engine.beginFrame();
    scene.render(); // uploads, and tells the behavior
    scene.render(); // shows what the behavior moved
    engine.endFrame();
    return {
      shown: texture.stats.shown,
      driven: behavior.driven.length,
      engine: engine.getClassName?.() ?? engine.description,
    };
  };
}

/** Loudness, left and right, of a tone that comes from a head at `x`, for a camera that looks at the middle from a distance. */
async function hear(handedness: "left" | "right", x: number, distance: number): Promise<[number, number]> {
  const scene = new Scene(new NullEngine());
  scene.useRightHandedSystem = handedness === "right";
  const camera = new FreeCamera("camera", new Vector3(0, 0, handedness === "right" ? distance : -distance), scene);
  camera.setTarget(Vector3.Zero());
  const head = new TransformNode("head", scene);
  head.position.x = x;
  const context = new OfflineAudioContext(2, 24_000, 48_000);
  const audioEngine = await CreateAudioEngineAsync({
    audioContext: context as unknown as AudioContext,
    disableDefaultUI: true,
    listenerEnabled: true,
  });
  const { output, dispose } = await createHeadVoice({ audioEngine, context, node: head, panningModel: "equalpower" });
  audioEngine.listener.attach(camera);
  for (let frame = 0; frame < 3; frame++) {
    scene.render();
    await new Promise((resolve) => setTimeout(resolve, 50)); // Babylon follows its nodes by a timer
  }
  const tone = new OscillatorNode(context, { frequency: 440 });
  tone.connect(output);
  tone.start();
  const heard = await context.startRendering();
  dispose();
  scene.getEngine().dispose();
  const loudness = (channel: number) => {
    const samples = heard.getChannelData(channel).subarray(12_000);
    return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
  };
  return [loudness(0), loudness(1)];
}

declare global {
  interface Window {
    hear: typeof hear;
    startScene: typeof start;
    show: Awaited<ReturnType<typeof start>>;
  }
}
window.hear = hear;
window.startScene = async (...how) => {
  window.show = await start(...how);
  return window.show;
};
