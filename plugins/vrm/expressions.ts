import { ARKIT_BLENDSHAPES } from "echo-head";
import { presetsOf, VRM_PRESETS, type VrmPreset } from "../face/vrm-presets.js";
import type { VrmLike } from "./vrm-like.js";

/** From this many of the 52 names on an avatar is taken to have Perfect Sync; some leave out tongueOut or the look shapes. */
export const PERFECT_SYNC_NAMES = 40;

/** Writes a face to the expressions of an avatar: by the 52 ARKit names where it has Perfect Sync, else by the presets. */
export class FaceExpressions {
  /** True when the ARKit names are used. */
  readonly perfectSync: boolean;
  /** How many of the avatar's eight eyeLook expressions move something. */
  readonly movingLooks: "all" | "some" | "none";
  readonly #manager: NonNullable<VrmLike["expressionManager"]> | undefined;
  /** Name in the avatar -> place in ARKIT_BLENDSHAPES. */
  readonly #arkit: readonly (readonly [name: string, place: number])[];
  readonly #presets: readonly VrmPreset[];
  readonly #oneBlink: boolean;
  readonly #moods: number;

  /** @param perfectSync "auto" looks at the names, which are compared without case: VRM 0 files say BrowDownLeft */
  constructor(vrm: VrmLike, perfectSync: boolean | "auto", moods: number) {
    const map = vrm.expressionManager?.expressionMap ?? {};
    const names = new Map(Object.keys(map).map((name) => [name.toLowerCase(), name]));
    const arkit = ARKIT_BLENDSHAPES.flatMap((shape, place) => {
      const name = names.get(shape.toLowerCase());
      return name === undefined ? [] : [[name, place] as const];
    });
    this.#manager = vrm.expressionManager;
    this.#moods = moods;
    this.perfectSync = perfectSync === "auto" ? arkit.length >= PERFECT_SYNC_NAMES : perfectSync;
    this.#arkit = this.perfectSync ? arkit : [];
    this.#presets = this.perfectSync ? [] : VRM_PRESETS.filter((name) => map[name] !== undefined);
    this.#oneBlink = !this.perfectSync && !map.blinkLeft && !map.blinkRight && map.blink !== undefined;
    const looks = this.#arkit.filter(([, place]) => isLook(place));
    const moving = looks.filter(([name]) => (map[name]?.binds?.length ?? 0) > 0).length;
    this.movingLooks = moving === 0 ? "none" : moving === 8 ? "all" : "some";
  }

  /** Writes a face. `look`: whether the eyeLook expressions are written too. */
  apply(blendshapes: Float32Array, look: boolean): void {
    for (const [name, place] of this.#arkit) {
      const weight = !look && isLook(place) ? 0 : blendshapes[place]!;
      this.#manager?.setValue(name, weight);
    }
    if (this.perfectSync) return;
    const weights = presetsOf(blendshapes, this.#moods);
    for (const name of this.#presets) this.#manager?.setValue(name, weights[name]);
    if (this.#oneBlink) this.#manager?.setValue("blink", Math.min(weights.blinkLeft, weights.blinkRight));
  }

  /** Sets every expression that was written back to 0. */
  reset(): void {
    const names = [...this.#arkit.map(([name]) => name), ...this.#presets, ...(this.#oneBlink ? ["blink"] : [])];
    for (const name of names) this.#manager?.setValue(name, 0);
  }
}

function isLook(place: number): boolean {
  return ARKIT_BLENDSHAPES[place]!.startsWith("eyeLook");
}
