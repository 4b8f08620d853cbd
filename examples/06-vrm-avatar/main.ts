import { type VRM, VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";
import { EchoAgent, SpeechPlayer } from "echo-head";
import { VrmDriver } from "echo-head/vrm";
import { DirectionalLight, HemisphereLight, PerspectiveCamera, Scene, Timer, WebGLRenderer } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

const element = (id: string) => document.getElementById(id) as HTMLElement;

// A scene of yours.
const renderer = new WebGLRenderer({ canvas: element("scene") as HTMLCanvasElement, antialias: true, alpha: true });
const camera = new PerspectiveCamera(22, 1, 0.1, 20);
const scene = new Scene();
const sun = new DirectionalLight("#fff3e4", 2.2);
sun.position.set(-0.6, 1, 1.4);
scene.add(sun, new HemisphereLight("#cfe4ff", "#5a4a44", 1.5));

// The head: its coefficients are what the avatar needs, its pictures are not shown.
const context = new AudioContext();
const voice = await SpeechPlayer.create({ context });
const agent = await EchoAgent.create({ pack: new URL("/pack/", location.href), clock: voice });

let vrm: VRM | undefined;
let driver: VrmDriver | undefined;

async function show(address: string): Promise<void> {
  const loader = new GLTFLoader();
  loader.register((parser) => new VRMLoaderPlugin(parser));
  const loaded = (await loader.loadAsync(address)).userData.vrm as VRM | undefined;
  if (!loaded) throw new Error("this file is not a VRM");
  driver?.dispose();
  if (vrm) {
    scene.remove(vrm.scene);
    VRMUtils.deepDispose(vrm.scene);
  }
  vrm = loaded;
  VRMUtils.rotateVRM0(vrm); // avatars of VRM 0 face the other way
  scene.add(vrm.scene);
  vrm.scene.updateMatrixWorld(true);
  const head = camera.position.clone();
  vrm.humanoid.getRawBoneNode("head")?.getWorldPosition(head);
  camera.position.set(0, head.y, head.z + 1.1);
  camera.lookAt(0, head.y - 0.03, head.z);

  // The face of the agent on the avatar: two lines, and one for each picture below.
  driver = new VrmDriver({ vrm });
  void driver.attach(agent.frames());
  element("how").textContent = driver.perfectSync ? "52 ARKit expressions (Perfect Sync)" : "VRM presets";
}

const timer = new Timer();
renderer.setAnimationLoop(() => {
  const { clientWidth: width, clientHeight: height } = renderer.domElement;
  if (renderer.domElement.width !== width || renderer.domElement.height !== height) {
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
  }
  const deltaS = timer.update().getDelta();
  driver?.update(deltaS); // after your animations, before the avatar's update
  vrm?.update(deltaS);
  renderer.render(scene, camera);
});

await show(new URLSearchParams(location.search).get("vrm") ?? "/conversation/robin.vrm");
document.body.dataset.ready = "true";

element("speak").addEventListener("click", async () => {
  await context.resume();
  const file = await fetch("/conversation/conversation.avatar.wav");
  agent.speak(await context.decodeAudioData(await file.arrayBuffer()));
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (!file) return;
  const address = URL.createObjectURL(file);
  show(address)
    .catch((error) => {
      element("how").textContent = String(error.message);
    })
    .finally(() => URL.revokeObjectURL(address));
});
