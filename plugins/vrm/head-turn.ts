import { multiply, type Quaternion, type TurnAngles, turnQuaternion } from "../face/turn.js";
import type { NodeLike } from "./vrm-like.js";

/**
 * Turns a bone on top of what an animation gives it. An animation writes the bone anew for each picture, a bone without one keeps
 * what was written last; comparing tells which it is, so that turns never add up.
 */
export class BoneTurn {
  readonly #node: NodeLike;
  #base: Quaternion;
  #written: Quaternion | undefined;

  constructor(node: NodeLike) {
    this.#node = node;
    this.#base = read(node);
  }

  /** Turns the bone by these angles from its base. `facesBack` for VRM 0, whose avatars face -z. */
  apply(angles: TurnAngles, facesBack: boolean): void {
    const now = read(this.#node);
    if (this.#written === undefined || now.some((value, i) => value !== this.#written?.[i])) this.#base = now;
    const [x, y, z, w] = turnQuaternion(angles);
    const turn: Quaternion = facesBack ? [-x, y, -z, w] : [x, y, z, w]; // the same turn seen after half a turn about y
    this.#node.quaternion.set(...multiply(this.#base, turn));
    this.#written = read(this.#node);
  }

  /** Gives the bone its base back. */
  restore(): void {
    if (this.#written !== undefined) this.#node.quaternion.set(...this.#base);
    this.#written = undefined;
  }
}

function read({ quaternion: { x, y, z, w } }: NodeLike): Quaternion {
  return [x, y, z, w];
}
