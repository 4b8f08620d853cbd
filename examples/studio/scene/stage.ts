import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import { Engine } from "@babylonjs/core/Engines/engine.js";
import { Color4 } from "@babylonjs/core/Maths/math.color.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { CreatePlane } from "@babylonjs/core/Meshes/Builders/planeBuilder.js";
import type { Mesh } from "@babylonjs/core/Meshes/mesh.js";
import { Scene } from "@babylonjs/core/scene.js";
import type { EchoFrame } from "echo-head";
import { EchoHeadTexture } from "echo-head/babylon";
import { Backdrop, type Background } from "./backdrop.js";
import { HeadMaterial } from "./head-material.js";

/** Height of the view at the head's plane, scene units. */
const VIEW_HEIGHT = 2;
const CAMERA_DISTANCE = 6;
const FOV_RAD = 2 * Math.atan(VIEW_HEIGHT / 2 / CAMERA_DISTANCE);
/** The head moves at 25 fps: drawing the scene faster than this shows nothing new. */
const MAX_SCENE_FPS = 30;

/** The Babylon scene: the backdrop and the head on its plane. */
export class Stage {
  readonly head: EchoHeadTexture<EchoFrame>;
  /** True where WebGL runs on the CPU: the scene is then drawn smaller, and only when the head has a new frame. */
  readonly softwareGraphics: boolean;
  readonly #engine: Engine;
  readonly #scene: Scene;
  readonly #camera: FreeCamera;
  readonly #backdrop: Backdrop;
  readonly #plane: Mesh;
  readonly #material: HeadMaterial;
  readonly #resize: ResizeObserver;
  readonly #still: boolean;
  #level = 0;
  #drawnAtMs = 0;
  #dirty = true;

  /** @throws Error when the browser has no WebGL2 */
  constructor(canvas: HTMLCanvasElement, options: { reducedMotion: boolean }) {
    this.softwareGraphics = drawsOnCpu();
    const quality = { stencil: false, powerPreference: "high-performance" } as const;
    this.#engine = new Engine(canvas, !this.softwareGraphics, quality, false);
    this.#still = options.reducedMotion || this.softwareGraphics;
    this.#engine.setHardwareScalingLevel(this.softwareGraphics ? 1.5 : 1 / Math.min(devicePixelRatio, 2));
    this.#scene = new Scene(this.#engine);
    this.#scene.clearColor = new Color4(0.047, 0.059, 0.078, 1);
    this.#scene.autoClear = false; // the backdrop covers all
    this.#camera = new FreeCamera("camera", new Vector3(0, 0, -CAMERA_DISTANCE), this.#scene);
    this.#camera.fov = FOV_RAD;
    this.#camera.minZ = 0.1;
    this.#camera.maxZ = 40;
    this.#backdrop = new Backdrop(this.#scene, { still: this.#still, fovRad: FOV_RAD, distance: CAMERA_DISTANCE });
    this.head = new EchoHeadTexture<EchoFrame>({ scene: this.#scene, alpha: "premultiplied" });
    this.#material = new HeadMaterial(this.#scene, this.head);
    this.#plane = CreatePlane("head", { size: 1 }, this.#scene);
    this.#plane.material = this.#material;
    this.#plane.isPickable = false;
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(canvas);
    this.#fit();
    this.#engine.runRenderLoop(() => this.#draw());
  }

  chooseBackground(background: Background): void {
    this.#backdrop.choose(background);
    this.#dirty = true;
  }

  /** How loud the head speaks now, 0..1: the ring behind it glows. */
  setLevel(level: number): void {
    this.#level += (level - this.#level) * (level > this.#level ? 0.5 : 0.12);
    this.#backdrop.glow(Math.min(1, this.#level));
  }

  /** A small turn of the camera with the pointer. @param x -1..1 left to right @param y -1..1 bottom to top */
  lookFrom(x: number, y: number): void {
    if (this.#still) return;
    this.#camera.position.x = 0.22 * x;
    this.#camera.position.y = 0.1 * y;
    this.#camera.setTarget(new Vector3(0, 0, 0.6));
  }

  dispose(): void {
    this.#resize.disconnect();
    this.#engine.stopRenderLoop();
    this.#scene.dispose();
    this.#engine.dispose();
  }

  #fit(): void {
    this.#engine.resize();
    const aspect = this.#engine.getRenderWidth() / Math.max(1, this.#engine.getRenderHeight());
    // The picture's foot lies below the view, so that the bust rises out of the lower edge; where the view is narrow the
    // head is as wide as fits, and stands above the buttons.
    const size = Math.min(2, VIEW_HEIGHT * aspect * 1.42);
    const foot = aspect < 0.8 ? 0.02 : -0.08 * size;
    this.#plane.scaling.set(size, size, 1);
    this.#plane.position.y = -VIEW_HEIGHT / 2 + foot + size / 2;
    this.#backdrop.resize(
      { aspect, pixels: this.#engine.getRenderHeight() },
      { size: size / VIEW_HEIGHT, middle: 0.5 + this.#plane.position.y / VIEW_HEIGHT },
    );
    this.#dirty = true;
  }

  #draw(): void {
    const now = performance.now();
    const due = now - this.#drawnAtMs >= 1000 / MAX_SCENE_FPS - 3;
    const wanted = this.#dirty || this.head.hasNewFrame || (!this.#still && due);
    if (!wanted || !(due || this.head.hasNewFrame)) return;
    this.#drawnAtMs = now;
    this.#material.followSize();
    if (this.#dirty) this.#backdrop.redraw();
    this.#dirty = !(this.#scene.isReady() && this.#backdrop.ready);
    if (!this.#still) this.#backdrop.drift(now / 1000);
    this.#scene.render();
  }
}

/** Asks a context that is thrown away: antialiasing must be chosen before the real one is made. */
function drawsOnCpu(): boolean {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) throw new Error("this browser has no WebGL2, which the scene needs");
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(renderer);
}
