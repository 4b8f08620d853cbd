import { copyFace, type FaceFrame } from "../face/face-frame.js";
import { FramePump } from "../face/frame-pump.js";
import { gazeOf } from "../face/gaze.js";
import { checkKeys, checkOneOf, checkRange } from "../face/option-checks.js";
import { degrees, type TurnAngles } from "../face/turn.js";
import { FaceExpressions } from "./expressions.js";
import { Glide } from "./glide.js";
import { BoneTurn } from "./head-turn.js";
import type { VrmLike } from "./vrm-like.js";

/**
 * What turns the eyes. "look-at": the avatar's look-at, by bones or by its look presets. "expressions": its eyeLook… expressions
 * (Perfect Sync). "both": for avatars whose eyeLook… move only the lids. "none": nothing. "auto": expressions where
 * all eight eyeLook… move something, both where only some do, else look-at.
 */
export type VrmGaze = "auto" | "look-at" | "expressions" | "both" | "none";

/** Options of {@link VrmDriver}. */
export type VrmDriverOptions = {
  /** The avatar. Borrowed: it is never disposed here. */
  readonly vrm: VrmLike;
  /** Whether to write the 52 ARKit names (true) or the presets (false). @default "auto": the names when the avatar has 40 of them */
  readonly perfectSync?: boolean | "auto";
  /** @default "auto" */
  readonly gaze?: VrmGaze;
  /** How much of the mood presets (happy, angry, sad, surprised) is used without Perfect Sync, 0..1. @default 0.6 */
  readonly moods?: number;
  /** How much of a head turn the neck takes, 0..1. @default 0.35 */
  readonly neckShare?: number;
  /** Milliseconds in which a new frame is reached, 0..500. @default 40: one frame at 25 a second */
  readonly glideMs?: number;
};

/**
 * Drives the face, the head and the eyes of a VRM from frames.
 *
 *     const driver = new VrmDriver({ vrm });
 *     void driver.attach(agent.frames());
 *     // for each picture, after your animations and before vrm.update:
 *     driver.update(deltaS);
 *     vrm.update(deltaS);
 */
export class VrmDriver {
  /** True when the avatar is driven by the 52 ARKit names. */
  readonly perfectSync: boolean;
  /** What turns the eyes, "auto" resolved. */
  readonly gaze: Exclude<VrmGaze, "auto">;
  readonly #vrm: VrmLike;
  readonly #expressions: FaceExpressions;
  readonly #glide: Glide;
  readonly #pump = new FramePump((frame) => this.show(frame));
  readonly #bones: readonly (readonly [bone: BoneTurn, share: number])[];
  readonly #facesBack: boolean;
  readonly #autoUpdate: boolean | undefined;
  #ended = false;

  /** Throws a `TypeError` for an option that is out of its range. */
  constructor(options: VrmDriverOptions) {
    checkKeys(options, ["vrm", "perfectSync", "gaze", "moods", "neckShare", "glideMs"]);
    const { vrm, perfectSync = "auto", gaze = "auto", moods = 0.6, neckShare = 0.35, glideMs = 40 } = options;
    if (typeof vrm !== "object" || vrm === null) throw new TypeError("options.vrm must be a VRM");
    checkOneOf(gaze, "gaze", ["auto", "look-at", "expressions", "both", "none"]);
    checkRange(moods, "moods", 0, 1);
    checkRange(neckShare, "neckShare", 0, 1);
    checkRange(glideMs, "glideMs", 0, 500);
    this.#vrm = vrm;
    this.#expressions = new FaceExpressions(vrm, perfectSync, moods);
    this.perfectSync = this.#expressions.perfectSync;
    this.gaze = gaze === "auto" ? GAZE_BY_LOOKS[this.#expressions.movingLooks] : gaze;
    this.#glide = new Glide(glideMs);
    this.#facesBack = vrm.meta?.metaVersion === "0";
    const node = (name: "neck" | "head") => vrm.humanoid?.getNormalizedBoneNode(name) ?? null;
    const [neck, head] = [node("neck"), node("head")];
    const share = neck ? neckShare : 0;
    this.#bones = [
      ...(neck ? [[new BoneTurn(neck), share] as const] : []),
      ...(head ? [[new BoneTurn(head), 1 - share] as const] : []),
    ];
    this.#autoUpdate = vrm.lookAt?.autoUpdate;
    if (vrm.lookAt && this.#turnsEyes) vrm.lookAt.autoUpdate = false; // or its target would overrule the angles
  }

  /** Pulls frames until the source ends, another is attached, or the driver is disposed; each is closed. */
  attach(frames: AsyncIterable<FaceFrame>): Promise<void> {
    return this.#pump.attach(frames);
  }

  /** Heads for one frame. The caller closes it. Throws a `TypeError` when it has not 52 coefficients. */
  show(frame: FaceFrame): void {
    if (!this.#ended) this.#glide.aim(copyFace(frame));
  }

  /** Writes the face for one picture. @param deltaS seconds since the picture before */
  update(deltaS: number): void {
    if (this.#ended) return;
    const face = this.#glide.step(deltaS * 1_000);
    if (face === undefined) return;
    this.#expressions.apply(face.blendshapes, this.gaze === "expressions" || this.gaze === "both");
    for (const [bone, share] of this.#bones) bone.apply(scaled(face, share), this.#facesBack);
    if (!this.#vrm.lookAt || !this.#turnsEyes) return;
    const { mean } = gazeOf(face.blendshapes);
    this.#vrm.lookAt.yaw = degrees(mean.yawRad);
    this.#vrm.lookAt.pitch = -degrees(mean.pitchRad);
  }

  /** Lets the source go; the face stays as it is. */
  detach(): void {
    this.#pump.detach();
  }

  /** Detaches, and gives expressions, head and look-at back as they were. May be called again. */
  dispose(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pump.dispose();
    this.#expressions.reset();
    for (const [bone] of this.#bones) bone.restore();
    if (this.#vrm.lookAt && this.#autoUpdate !== undefined && this.#turnsEyes) {
      Object.assign(this.#vrm.lookAt, { yaw: 0, pitch: 0, autoUpdate: this.#autoUpdate });
    }
  }

  get #turnsEyes(): boolean {
    return this.gaze === "look-at" || this.gaze === "both";
  }
}

const GAZE_BY_LOOKS = { all: "expressions", some: "both", none: "look-at" } as const;

function scaled({ yawRad, pitchRad, rollRad }: TurnAngles, share: number): TurnAngles {
  return { yawRad: yawRad * share, pitchRad: pitchRad * share, rollRad: rollRad * share };
}
