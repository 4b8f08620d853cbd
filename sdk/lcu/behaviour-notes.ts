import { ARKIT_INDEX, type ArkitBlendshape } from "../protocol/arkit.js";

/** Length of a stretch, in frames: 10 s. */
const STRETCH_FRAMES = 250;
/** Stretches that are kept: 5 minutes. */
const MOST_STRETCHES = 30;
/** Numbers of a face: 52 coefficients, then yaw, pitch, roll (rad), x, y, z (head heights). */
const FACE_VALUES = 58;
const [YAW, PITCH, Z] = [52, 53, 57];
/** Turned farther than this, somebody looks elsewhere, in rad. */
const AWAY_RAD = 0.35;
/** A nod goes down and up again by more than this, in rad. */
const NOD_RAD = 0.05;

type Stretch = { readonly endS: number; readonly words: string };

/**
 * Minutes of behaviour in words, for a language model: a line for every 10 s with what a face tracker and a microphone saw. Bound: 30
 * lines, the oldest dropped.
 */
export class BehaviourNotes {
  readonly #stretches: Stretch[] = [];
  #frames = 0;
  #seen = 0;
  #speaking = 0;
  #away = 0;
  #nods = 0;
  #blinks = 0;
  #sums: Record<string, number> = {};
  #eyesShut = false;
  #pitchTop = 0;
  #pitchBottom = 0;
  #falling = false;
  #lean = 0;

  /** Adds the frames of a block: `face` f32 [frames * 58], `presence` f32 [frames]; `timeS` is the time of the last one. */
  add(block: { face: Float32Array; presence: Float32Array; speaking: boolean; timeS: number }): void {
    for (let f = 0; f < block.presence.length; f++) {
      this.#frames += 1;
      if (block.speaking) this.#speaking += 1;
      if (block.presence[f] === 1) this.#see(block.face.subarray(f * FACE_VALUES, (f + 1) * FACE_VALUES));
      if (this.#frames === STRETCH_FRAMES) this.#close(block.timeS);
    }
  }

  /** One line for each stretch, oldest first, with how long before `timeS` it ended. */
  lines(timeS: number): string[] {
    return this.#stretches.map(
      ({ endS, words }) => `[${Math.max(0, Math.round(timeS - endS))} s ago, 10 s long] ${words}`,
    );
  }

  #see(face: Float32Array): void {
    this.#seen += 1;
    const of = (name: ArkitBlendshape): number => face[ARKIT_INDEX[name]]!;
    const add = (name: string, value: number): void => {
      this.#sums[name] = (this.#sums[name] ?? 0) + value;
    };
    add("smile", (of("mouthSmileLeft") + of("mouthSmileRight")) / 2);
    add("frown", (of("mouthFrownLeft") + of("mouthFrownRight")) / 2);
    add("brows raised", of("browInnerUp"));
    add("brows lowered", (of("browDownLeft") + of("browDownRight")) / 2);
    add("jaw open", of("jawOpen"));
    const shut = of("eyeBlinkLeft") > 0.6 && of("eyeBlinkRight") > 0.6;
    if (shut && !this.#eyesShut) this.#blinks += 1;
    this.#eyesShut = shut;
    if (Math.abs(face[YAW]!) > AWAY_RAD || Math.abs(face[PITCH]!) > AWAY_RAD) this.#away += 1;
    this.#lean += face[Z]!;
    this.#countNods(face[PITCH]!);
  }

  #countNods(pitch: number): void {
    if (this.#falling) {
      this.#pitchBottom = Math.min(this.#pitchBottom, pitch);
      if (pitch - this.#pitchBottom < NOD_RAD) return;
      this.#nods += 1;
      this.#falling = false;
      this.#pitchTop = pitch;
    } else {
      this.#pitchTop = Math.max(this.#pitchTop, pitch);
      if (this.#pitchTop - pitch < NOD_RAD) return;
      this.#falling = true;
      this.#pitchBottom = pitch;
    }
  }

  #close(endS: number): void {
    const share = (count: number): string => `${Math.round((100 * count) / this.#frames)} %`;
    const words = [`speaks ${share(this.#speaking)} of the time`];
    if (this.#seen < 0.1 * this.#frames) words.push("not in view");
    else {
      if (this.#seen < 0.9 * this.#frames) words.push(`in view ${share(this.#seen)}`);
      for (const [name, sum] of Object.entries(this.#sums)) {
        const mean = sum / this.#seen;
        if (mean > 0.1) words.push(`${name} ${mean.toFixed(1)} of 1`);
      }
      words.push(`looks away ${share(this.#away)}`, `${this.#nods} nods`, `${this.#blinks} blinks`);
      const lean = this.#lean / this.#seen;
      if (Math.abs(lean) > 0.05) words.push(lean > 0 ? "leans in" : "leans back");
    }
    this.#stretches.push({ endS, words: words.join(", ") });
    if (this.#stretches.length > MOST_STRETCHES) this.#stretches.shift();
    this.#frames = this.#seen = this.#speaking = this.#away = this.#nods = this.#blinks = this.#lean = 0;
    this.#sums = {};
  }
}
