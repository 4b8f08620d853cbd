import { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial.js";
import { Color3 } from "@babylonjs/core/Maths/math.color.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { CreatePlane } from "@babylonjs/core/Meshes/Builders/planeBuilder.js";
import { CreateTorus } from "@babylonjs/core/Meshes/Builders/torusBuilder.js";
import type { Mesh } from "@babylonjs/core/Meshes/mesh.js";
import type { Scene } from "@babylonjs/core/scene.js";
import { Props } from "./props.js";
import { type WallColours, WallMaterial } from "./wall-material.js";

/** A background to choose. `colours` null is the checkerboard; `props` shows the ring, the spheres and the lights. */
export type Background = {
  readonly id: string;
  readonly label: string;
  readonly colours: WallColours | null;
  readonly props: boolean;
};

/** The choices; the first is shown at the start. */
export const BACKGROUNDS: readonly Background[] = [
  { id: "studio", label: "Studio", colours: { glow: "#324a60", rim: "#0b0e14" }, props: true },
  { id: "dusk", label: "Dusk", colours: { glow: "#7a5261", rim: "#150d19" }, props: true },
  { id: "day", label: "Daylight", colours: { glow: "#dfe7ec", rim: "#8fa6b4" }, props: false },
  { id: "green", label: "Green screen", colours: { glow: "#00b140", rim: "#00b140" }, props: false },
  { id: "clear", label: "Transparent", colours: null, props: false },
];

/** What stands behind the head: a wall with what is out of focus, and a ring that glows with the voice. */
export class Backdrop {
  readonly #wall: WallMaterial;
  readonly #props: Props;
  readonly #ring: Mesh;
  readonly #ringColour: Color3;

  constructor(scene: Scene, options: { still: boolean; fovRad: number; distance: number }) {
    this.#props = new Props(scene, options);
    this.#wall = new WallMaterial(scene, this.#props.texture);
    const wall = CreatePlane("wall", { size: 1 }, scene);
    wall.material = this.#wall;
    wall.alwaysSelectAsActiveMesh = true;
    wall.isPickable = false;
    wall.alphaIndex = -1;

    this.#ring = CreateTorus("ring", { diameter: 1.92, thickness: 0.016, tessellation: 96 }, scene);
    this.#ring.rotation = new Vector3(Math.PI / 2 - 0.1, 0, 0);
    this.#ring.position = new Vector3(0, 0.06, 0.9);
    const material = new StandardMaterial("ring", scene);
    material.disableLighting = true;
    this.#ringColour = material.emissiveColor;
    this.#ring.material = material;
    this.#ring.isPickable = false;
    this.glow(0);
    this.choose(BACKGROUNDS[0]!);
  }

  choose(background: Background): void {
    this.#wall.show(background.colours, background.props);
    this.#ring.setEnabled(background.props);
  }

  /** @param aspect width over height of the view @param size height of the head's plane, scene units @param y its middle */
  resize(aspect: number, size: number, y: number): void {
    this.#wall.setAspect(aspect);
    this.#props.resize(aspect);
    this.#ring.scaling.setAll(size / 1.86);
    this.#ring.position.y = y + 0.1 * size;
  }

  /** Moves the lights out of focus. @param timeS seconds */
  drift(timeS: number): void {
    this.#props.drift(timeS);
  }

  /** Draws what is drawn once again. */
  redraw(): void {
    this.#props.redraw();
  }

  get ready(): boolean {
    return this.#props.ready;
  }

  /** The ring glows with the voice. @param level 0..1 */
  glow(level: number): void {
    this.#ringColour.set(0.2 + 0.34 * level, 0.32 + 0.56 * level, 0.32 + 0.44 * level);
  }
}
