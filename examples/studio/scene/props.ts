import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import { Constants } from "@babylonjs/core/Engines/constants.js";
import { HemisphericLight } from "@babylonjs/core/Lights/hemisphericLight.js";
import { PointLight } from "@babylonjs/core/Lights/pointLight.js";
import { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial.js";
import { DynamicTexture } from "@babylonjs/core/Materials/Textures/dynamicTexture.js";
import { RenderTargetTexture } from "@babylonjs/core/Materials/Textures/renderTargetTexture.js";
import { Color3, Color4 } from "@babylonjs/core/Maths/math.color.js";
import { Vector2, Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { CreateSphere } from "@babylonjs/core/Meshes/Builders/sphereBuilder.js";
import type { Mesh } from "@babylonjs/core/Meshes/mesh.js";
import { BlurPostProcess } from "@babylonjs/core/PostProcesses/blurPostProcess.js";
import { Sprite } from "@babylonjs/core/Sprites/sprite.js";
import { SpriteManager } from "@babylonjs/core/Sprites/spriteManager.js";
import type { Scene } from "@babylonjs/core/scene.js";

/** Only the camera of the props sees them. */
const PROPS_LAYER = 0x2000_0000;
/** Height of their picture in pixels; it is blurred, more would not be seen. */
const HEIGHT = 288;
const LIGHTS = 26;
const LIGHT_COLOURS = ["#8fe3c4", "#7fa6e8", "#f2c48d", "#c9d6ea"];
/** x, y, z, diameter, colour: around the head, none behind the face. */
const SPHERES: readonly (readonly [number, number, number, number, string])[] = [
  [-1.42, -0.5, 1.9, 0.66, "#34506e"],
  [1.5, 0.46, 2.3, 0.52, "#4c6079"],
  [1.2, -0.72, 1.5, 0.36, "#2b5a4e"],
  [-1.12, 0.8, 2.6, 0.28, "#75624a"],
];

type Light = { readonly sprite: Sprite; readonly x: number; readonly y: number; readonly phase: number };

/** Spheres lit by a warm lamp, and lights out of focus: drawn apart, blurred, and handed to the wall as one texture. */
export class Props {
  readonly texture: RenderTargetTexture;
  readonly #spheres: Mesh[] = [];
  readonly #lights: Light[] = [];
  readonly #still: boolean;
  #spread = 1;

  /** @param options.still draws them once, and again only after a resize */
  constructor(scene: Scene, options: { still: boolean; fovRad: number; distance: number }) {
    this.#still = options.still;
    const camera = new FreeCamera("props camera", new Vector3(0, 0, -options.distance), scene, false);
    camera.fov = options.fovRad;
    camera.layerMask = PROPS_LAYER;
    const sky = new HemisphericLight("sky", new Vector3(0.2, 1, -0.4), scene);
    sky.intensity = 0.5;
    sky.diffuse = Color3.FromHexString("#b9cbe8");
    sky.groundColor = Color3.FromHexString("#16202c");
    const lamp = new PointLight("lamp", new Vector3(-3.2, 2.6, -1), scene);
    lamp.diffuse = Color3.FromHexString("#ffd9b0");
    lamp.intensity = 0.62;
    for (const [x, y, z, diameter, colour] of SPHERES) this.#addSphere(scene, new Vector3(x, y, z), diameter, colour);
    const manager = new SpriteManager("lights", "", LIGHTS, 128, scene);
    manager.texture = discTexture(scene);
    manager.blendMode = Constants.ALPHA_ADD;
    manager.disableDepthWrite = true;
    manager.isPickable = false;
    manager.layerMask = PROPS_LAYER;
    this.#scatter(manager);

    this.texture = new RenderTargetTexture("props", { width: HEIGHT, height: HEIGHT }, scene, false, false);
    this.texture.activeCamera = camera;
    this.texture.renderList = this.#spheres;
    this.texture.renderSprites = true;
    this.texture.clearColor = new Color4(0, 0, 0, 0);
    this.texture.wrapU = Constants.TEXTURE_CLAMP_ADDRESSMODE;
    this.texture.wrapV = Constants.TEXTURE_CLAMP_ADDRESSMODE;
    for (const direction of [new Vector2(1, 0), new Vector2(0, 1)]) {
      this.texture.addPostProcess(new BlurPostProcess("blur", direction, 18, 1, null, undefined, scene.getEngine()));
    }
    scene.customRenderTargets.push(this.texture);
  }

  /** @param aspect width over height of the view */
  resize(aspect: number): void {
    this.texture.resize({ width: Math.max(16, Math.round(HEIGHT * aspect)), height: HEIGHT });
    this.#spread = Math.max(0.5, Math.min(1.25, aspect / 1.4));
    for (const [i, sphere] of this.#spheres.entries()) sphere.position.x = SPHERES[i]![0] * this.#spread;
    this.drift(0);
    this.redraw();
  }

  /** Draws them again: all the time at half the rate, or once. */
  redraw(): void {
    this.texture.refreshRate = this.#still ? RenderTargetTexture.REFRESHRATE_RENDER_ONCE : 2;
    this.texture.resetRefreshCounter();
  }

  /** True when they can be drawn: shaders are compiled. */
  get ready(): boolean {
    return this.texture.isReadyForRendering();
  }

  /** Moves the lights. @param timeS seconds */
  drift(timeS: number): void {
    for (const { sprite, x, y, phase } of this.#lights) {
      sprite.position.x = x * this.#spread + 0.05 * Math.sin(timeS * 0.21 + phase);
      sprite.position.y = y + 0.04 * Math.sin(timeS * 0.17 + phase * 2.3);
    }
  }

  #addSphere(scene: Scene, position: Vector3, diameter: number, colour: string): void {
    const sphere = CreateSphere("sphere", { diameter, segments: 24 }, scene);
    sphere.position = position;
    sphere.layerMask = PROPS_LAYER;
    const material = new StandardMaterial("sphere", scene);
    material.diffuseColor = Color3.FromHexString(colour);
    material.specularColor = new Color3(0.07, 0.07, 0.07);
    material.specularPower = 10;
    sphere.material = material;
    this.#spheres.push(sphere);
  }

  /** The same places at each start: a small linear congruential generator, not Math.random. */
  #scatter(manager: SpriteManager): void {
    let seed = 7;
    const next = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648;
    };
    for (let i = 0; i < LIGHTS; i += 1) {
      const sprite = new Sprite(`light ${i}`, manager);
      const x = (next() < 0.5 ? -1 : 1) * (0.3 + 2.3 * next());
      const y = -1 + 2.2 * next();
      sprite.position = new Vector3(x, y, 2.8 + 2 * next());
      sprite.size = 0.1 + 0.36 * next() ** 2;
      const colour = Color3.FromHexString(LIGHT_COLOURS[i % LIGHT_COLOURS.length]!);
      sprite.color = new Color4(colour.r, colour.g, colour.b, 0.1 + 0.24 * next());
      this.#lights.push({ sprite, x, y, phase: 6.28 * next() });
    }
  }
}

/** A disc with a slightly brighter rim, as a lens draws a point that is out of focus. */
function discTexture(scene: Scene): DynamicTexture {
  const texture = new DynamicTexture("disc", 128, scene, false);
  const context = texture.getContext() as CanvasRenderingContext2D;
  const gradient = context.createRadialGradient(64, 64, 0, 64, 64, 62);
  gradient.addColorStop(0, "rgb(255 255 255 / 60%)");
  gradient.addColorStop(0.78, "rgb(255 255 255 / 76%)");
  gradient.addColorStop(0.9, "rgb(255 255 255 / 95%)");
  gradient.addColorStop(1, "rgb(255 255 255 / 0%)");
  context.fillStyle = gradient;
  context.fillRect(0, 0, 128, 128);
  texture.hasAlpha = true;
  texture.update(false);
  return texture;
}
