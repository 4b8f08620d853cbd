import { CreatePlane } from "@babylonjs/core/Meshes/Builders/planeBuilder.js";
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

/** What stands behind the head: a wall, what is out of focus before it, and a ring that glows with the voice. */
export class Backdrop {
  readonly #wall: WallMaterial;
  readonly #props: Props;

  constructor(scene: Scene, options: { still: boolean; fovRad: number; distance: number }) {
    this.#props = new Props(scene, options);
    this.#wall = new WallMaterial(scene, this.#props.texture);
    const wall = CreatePlane("wall", { size: 1 }, scene);
    wall.material = this.#wall;
    wall.alwaysSelectAsActiveMesh = true;
    wall.isPickable = false;
    this.choose(BACKGROUNDS[0]!);
  }

  choose(background: Background): void {
    this.#wall.show(background.colours, background.props);
  }

  /**
   * @param view width over height, and height in pixels
   * @param head height of the head's plane and its middle from the bottom, in heights of the view
   */
  resize(view: { aspect: number; pixels: number }, head: { size: number; middle: number }): void {
    this.#wall.setAspect(view.aspect);
    this.#wall.setRing(head.middle + 0.12 * head.size, 0.395 * head.size, Math.max(0.0012, 0.7 / view.pixels));
    this.#props.resize(view.aspect);
  }

  /** Moves the lights out of focus. @param timeS seconds */
  drift(timeS: number): void {
    this.#props.drift(timeS);
  }

  /** Draws what is drawn once again. */
  redraw(): void {
    this.#props.redraw();
  }

  /** True when all of it can be drawn: its shaders are compiled. */
  get ready(): boolean {
    return this.#props.ready;
  }

  /** @param level how loud the head speaks, 0..1 */
  glow(level: number): void {
    this.#wall.setVoice(level);
  }
}
