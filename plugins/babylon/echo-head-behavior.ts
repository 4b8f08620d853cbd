import type { Behavior } from "@babylonjs/core/Behaviors/behavior.js";
import type { TransformNode } from "@babylonjs/core/Meshes/transformNode.js";
import { Observable, type Observer } from "@babylonjs/core/Misc/observable.js";
import type { MorphTarget } from "@babylonjs/core/Morph/morphTarget.js";
import type { MorphTargetManager } from "@babylonjs/core/Morph/morphTargetManager.js";
import type { Scene } from "@babylonjs/core/scene.js";
import { ARKIT_BLENDSHAPES, type ArkitBlendshape, type HeadPose } from "echo-head";
import { avatarOf, findJoints, type Joint, JointDriver, type MaybeMesh } from "./head-rig.js";
import { matchTargets, type Share } from "./morph-names.js";

/** What the behavior needs of a frame; every `EchoFrame` of the SDK is one. */
export interface FaceFrame {
  /** f32 [52] in ARKit order, 0..1; valid until `close()`. */
  readonly blendshapes: Float32Array;
  readonly pose: HeadPose;
  close(): void;
}

/** Options of {@link EchoHeadBehavior}. Joints: "auto" looks for them by name, null leaves them alone. */
export interface EchoHeadBehaviorOptions {
  /** What the head's pose turns. @default "auto" */
  head?: "auto" | Joint | null;
  /** "auto" leaves an eye alone that morph targets turn already (eyeLookOut…). @default "auto" */
  leftEye?: "auto" | Joint | null;
  /** @default "auto" */
  rightEye?: "auto" | Joint | null;
  /** Where the avatar's face looks in its own space. A glTF looks along "+z". @default "+z" */
  facing?: "+z" | "-z";
  /** Height of the head in units of the joint's parent; the pose then also moves it. 0 only turns it. @default 0 */
  headHeight?: number;
  /** How far an eye turns at a coefficient of 1, in radians. @default { yaw: 0.52, pitch: 0.44 } */
  eyeRangeRad?: { readonly yaw: number; readonly pitch: number };
  /** Time over which one frame goes over into the next, in ms; 40 is a frame of 25 a second. 0 jumps. @default 40 */
  blendMs?: number;
}

const COUNT = ARKIT_BLENDSHAPES.length;
/** The pose follows the coefficients in the state of a face. */
const YAW = COUNT;
const PITCH = COUNT + 1;
const ROLL = COUNT + 2;
const X = COUNT + 3;
const STATE = COUNT + 6;
const at = (name: ArkitBlendshape): number => ARKIT_BLENDSHAPES.indexOf(name);
const LOOK = (["Left", "Right"] as const).map((side) => ({
  in: at(`eyeLookIn${side}`),
  out: at(`eyeLookOut${side}`),
  up: at(`eyeLookUp${side}`),
  down: at(`eyeLookDown${side}`),
}));

type Driven = { readonly target: MorphTarget; readonly shares: readonly Share[] };
type Attachment = {
  readonly targets: readonly Driven[];
  readonly managers: readonly { readonly manager: MorphTargetManager; readonly numMaxInfluencers: number }[];
  readonly head: JointDriver | null;
  readonly eyes: readonly (JointDriver | null)[];
  readonly observer: Observer<Scene>;
};

/**
 * Drives a rigged head: morph targets by their ARKit names (and the names that other tools give them), the head's joint by the pose,
 * the eyes' joints by the look. Attach it to the avatar's root node, or to its only mesh.
 *
 *     const behavior = new EchoHeadBehavior();
 *     avatar.addBehavior(behavior);
 *     void behavior.play(agent.frames());
 */
export class EchoHeadBehavior implements Behavior<TransformNode> {
  readonly name = "EchoHead";
  attachedNode: TransformNode | null = null;
  /** How much of the head's motion is shown, 0..1: fade it where an animation of yours takes over. */
  weight = 1;
  /** Told after the rig has moved, in each drawn scene frame in which it did. */
  readonly onAppliedObservable = new Observable<EchoHeadBehavior>();
  readonly #options: Required<EchoHeadBehaviorOptions>;
  readonly #from = new Float32Array(STATE);
  readonly #to = new Float32Array(STATE);
  readonly #now = new Float32Array(STATE);
  #arrivedMs = 0;
  #moving = false;
  #lastWeight = 1;
  #epoch = 0;
  #attachment: Attachment | null = null;

  constructor(options: EchoHeadBehaviorOptions = {}) {
    const { facing = "+z", headHeight = 0, blendMs = 40, eyeRangeRad = { yaw: 0.52, pitch: 0.44 } } = options;
    const { head = "auto", leftEye = "auto", rightEye = "auto" } = options;
    if (facing !== "+z" && facing !== "-z") throw new TypeError('options.facing must be "+z" or "-z"');
    for (const [key, value] of Object.entries({ headHeight, blendMs, ...eyeRangeRad }))
      if (!Number.isFinite(value) || value < 0) throw new TypeError(`options.${key} must be a number of at least 0`);
    this.#options = { facing, headHeight, blendMs, eyeRangeRad, head, leftEye, rightEye };
  }

  /** Which coefficients move something on the attached avatar: look here when a face stays still. */
  get driven(): readonly ArkitBlendshape[] {
    const indices = new Set(this.#attachment?.targets.flatMap(({ shares }) => shares.map(({ index }) => index)));
    return ARKIT_BLENDSHAPES.filter((_, i) => indices.has(i));
  }

  /** The joints that were found or given: head, left eye, right eye. */
  get joints(): readonly (Joint | null)[] {
    return this.#attachment
      ? [this.#attachment.head, ...this.#attachment.eyes].map((driver) => driver?.joint ?? null)
      : [];
  }

  /** Part of Babylon's Behavior: nothing to prepare. */
  init(): void {}

  /** Finds targets and joints; Babylon calls it for `addBehavior`. Call detach() and attach() again after you add meshes. */
  attach(node: TransformNode): void {
    this.detach();
    const avatar = avatarOf(node);
    const meshes: readonly MaybeMesh[] = [avatar, ...avatar.getDescendants(false)];
    const managers = [...new Set(meshes.flatMap(({ morphTargetManager }) => morphTargetManager ?? []))];
    const targets = managers.flatMap(drivenOf);
    const found = findJoints(avatar);
    // Eyes that morph targets turn already are not turned twice.
    const isMorphed = (index: number): boolean =>
      targets.some(({ shares }) => shares.some((share) => share.index === index));
    const eyes = [found.leftEye, found.rightEye].map((eye, side) => (isMorphed(LOOK[side]!.out) ? null : eye));
    const { head, leftEye, rightEye, facing } = this.#options;
    const drive = (asked: "auto" | Joint | null, auto: Joint | null): JointDriver | null => {
      const joint = asked === "auto" ? auto : asked;
      return joint === null ? null : new JointDriver({ joint, avatar, facing });
    };
    // One shader for any number of active targets, instead of a new one whenever their number changes.
    const limits = managers.map((manager) => ({ manager, numMaxInfluencers: manager.numMaxInfluencers }));
    for (const manager of managers) manager.numMaxInfluencers = Math.max(manager.numMaxInfluencers, manager.numTargets);
    this.attachedNode = node;
    this.#attachment = {
      targets,
      managers: limits,
      head: drive(head, found.head),
      eyes: [drive(leftEye, eyes[0]!), drive(rightEye, eyes[1]!)],
      observer: node.getScene().onBeforeRenderObservable.add(() => this.#advance()),
    };
  }

  /** Lets go: influences return to 0, joints to their rest. Babylon calls it when the node is disposed. */
  detach(): void {
    const attachment = this.#attachment;
    if (attachment === null) return;
    this.#attachment = null;
    this.attachedNode = null;
    this.#epoch += 1;
    attachment.observer.remove();
    for (const { target } of attachment.targets) target.influence = 0;
    for (const { manager, numMaxInfluencers } of attachment.managers) manager.numMaxInfluencers = numMaxInfluencers;
    for (const driver of [attachment.head, ...attachment.eyes]) driver?.release();
  }

  /** Detaches and forgets its observers. Safe to call twice. */
  dispose(): void {
    this.detach();
    this.onAppliedObservable.clear();
  }

  /**
   * Takes the face of one frame; the frame stays the caller's. Use it with a texture's `onFrameShownObservable`, so that picture and
   * rig belong together.
   */
  apply(frame: Pick<FaceFrame, "blendshapes" | "pose">): void {
    const { blendshapes, pose } = frame;
    if (blendshapes.length !== COUNT) throw new TypeError(`frame.blendshapes must hold ${COUNT} numbers`);
    this.#from.set(this.#now);
    this.#to.set(blendshapes);
    this.#to.set([pose.yawRad, pose.pitchRad, pose.rollRad, pose.x, pose.y, pose.z], YAW);
    this.#arrivedMs = performance.now();
    this.#moving = true;
  }

  /** Pulls and closes frames until the source ends, another `play()` begins or the behavior is detached. */
  async play(frames: AsyncIterable<FaceFrame>): Promise<void> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    for await (const frame of frames) {
      if (epoch === this.#epoch) this.apply(frame);
      frame.close();
      if (epoch !== this.#epoch) return;
    }
  }

  #advance(): void {
    if (!this.#moving && this.weight === this.#lastWeight) return;
    const { blendMs } = this.#options;
    const part = blendMs === 0 ? 1 : Math.min((performance.now() - this.#arrivedMs) / blendMs, 1);
    for (let i = 0; i < STATE; i++) this.#now[i] = this.#from[i]! + part * (this.#to[i]! - this.#from[i]!);
    this.#moving = part < 1;
    this.#lastWeight = this.weight;
    this.#show(this.#attachment!, this.#now, this.weight);
    this.onAppliedObservable.notifyObservers(this);
  }

  #show({ targets, head, eyes }: Attachment, face: Float32Array, weight: number): void {
    for (const { target, shares } of targets) {
      let influence = 0;
      for (const { index, gain } of shares) influence += gain * face[index]!;
      target.influence = weight * influence;
    }
    head?.turn(weight * face[YAW]!, weight * face[PITCH]!, weight * face[ROLL]!);
    const scale = weight * this.#options.headHeight;
    if (scale > 0) head?.shift(scale * face[X]!, scale * face[X + 1]!, scale * face[X + 2]!);
    const { yaw, pitch } = this.#options.eyeRangeRad;
    eyes.forEach((eye, side) => {
      if (eye === null) return;
      const look = LOOK[side]!;
      const toLeft = (side === 0 ? 1 : -1) * (face[look.out]! - face[look.in]!); // the left eye looks out to the left
      eye.turn(weight * yaw * toLeft, weight * pitch * (face[look.up]! - face[look.down]!), 0);
    });
  }
}

function drivenOf(manager: MorphTargetManager): readonly Driven[] {
  const targets = Array.from({ length: manager.numTargets }, (_, i) => manager.getTarget(i));
  return matchTargets(targets.map(({ name }) => name)).map(({ place, shares }) => ({
    target: targets[place]!,
    shares,
  }));
}
