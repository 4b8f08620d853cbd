import { type VRM, VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";
import { ARKIT_BLENDSHAPES, type ArkitBlendshape, type HeadPose } from "echo-head";
import { Color, DirectionalLight, HemisphereLight, PerspectiveCamera, Scene, WebGLRenderer } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { VrmDriver, type VrmDriverOptions } from "./index.js";

const REST: HeadPose = { yawRad: 0, pitchRad: 0, rollRad: 0, x: 0, y: 0, z: 0 };
const renderer = new WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
renderer.setSize(480, 480);
document.body.style.margin = "0";
document.body.append(renderer.domElement);
const camera = new PerspectiveCamera(20, 1, 0.1, 10);
const scene = new Scene();
let vrm: VRM;
let driver: VrmDriver;

function light(): void {
  scene.background = new Color("#20303a");
  const sun = new DirectionalLight("#fff3e4", 2.2);
  sun.position.set(-0.6, 1, 1.4);
  scene.add(sun, new HemisphereLight("#cfe4ff", "#5a4a44", 1.5));
}

/** What vrm.test.ts calls in the browser. */
const calls = {
  load: async (url: string, options: Omit<VrmDriverOptions, "vrm"> = {}) => {
    driver?.dispose();
    scene.clear();
    light();
    const loader = new GLTFLoader();
    loader.register((parser) => new VRMLoaderPlugin(parser));
    const gltf = await loader.loadAsync(url);
    vrm = gltf.userData.vrm as VRM;
    VRMUtils.rotateVRM0(vrm);
    scene.add(vrm.scene);
    const head = vrm.humanoid.getNormalizedBoneNode("head")!.getWorldPosition(camera.position.clone());
    camera.position.set(0, head.y, 1.05);
    camera.lookAt(0, head.y - 0.03, 0);
    driver = new VrmDriver({ vrm, ...options });
    return { perfectSync: driver.perfectSync, gaze: driver.gaze };
  },

  /** Shows a face and draws it. */
  show: (values: Partial<Record<ArkitBlendshape, number>>, pose: Partial<HeadPose> = {}) => {
    const blendshapes = Float32Array.from(ARKIT_BLENDSHAPES, (name) => values[name] ?? 0);
    driver.show({ blendshapes, pose: { ...REST, ...pose }, close: () => {} });
    driver.update(1);
    vrm.update(1);
    renderer.render(scene, camera);
    return renderer.info.render.triangles;
  },

  /** What 500 updates of the driver cost, in ms each. */
  cost: () => {
    const start = performance.now();
    for (let n = 0; n < 500; n++) driver.update(0.016);
    return (performance.now() - start) / 500;
  },
};

declare global {
  interface Window {
    vrmCalls: typeof calls;
  }
}
window.vrmCalls = calls;
