import type { Bone } from "@babylonjs/core/Bones/bone.js";
import { Space } from "@babylonjs/core/Maths/math.axis.js";
import { Quaternion, Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import type { AbstractMesh } from "@babylonjs/core/Meshes/abstractMesh.js";
import { TransformNode } from "@babylonjs/core/Meshes/transformNode.js";
import type { Node } from "@babylonjs/core/node.js";

/** A node that may be a mesh. */
export type MaybeMesh = Node & Partial<Pick<AbstractMesh, "geometry" | "skeleton" | "morphTargetManager">>;

/** What a head or an eye hangs on: a node, or a bone that no node drives. */
export type Joint = TransformNode | Bone;

/** The joints of a head that were found by their names. */
export type HeadJoints = {
  readonly head: Joint | null;
  readonly leftEye: Joint | null;
  readonly rightEye: Joint | null;
};

/** Names without separators and case: mixamorig:Head, J_Bip_C_Head, CC_Base_Head, Bip01 Head, DEF-head. */
const NAMES = {
  head: /(^|mixamorig|bipc|base|bip0?1|def|rig)head$/,
  leftEye: /(lefteye|eyeleft|eyel|leye|lfaceeye)$/,
  rightEye: /(righteye|eyeright|eyer|reye|rfaceeye)$/,
} as const;

/** Looks for head and eyes among the nodes and bones of an avatar. A glTF names them as its author did; see NAMES. */
export function findJoints(avatar: Node): HeadJoints {
  const nodes: readonly MaybeMesh[] = [avatar, ...avatar.getDescendants(false)];
  const joints: { readonly name: string; readonly joint: Joint }[] = [];
  for (const node of nodes) {
    // A mesh called "Head" is the skin of a head, not its joint.
    if (node instanceof TransformNode && (node as MaybeMesh).geometry == null)
      joints.push({ name: fold(node.name), joint: node });
    for (const bone of (node as MaybeMesh).skeleton?.bones ?? [])
      joints.push({ name: fold(bone.name), joint: bone.getTransformNode() ?? bone });
  }
  const find = (pattern: RegExp): Joint | null => joints.find(({ name }) => pattern.test(name))?.joint ?? null;
  return { head: find(NAMES.head), leftEye: find(NAMES.leftEye), rightEye: find(NAMES.rightEye) };
}

/**
 * Turns a joint about the axes of the avatar, whatever its own axes are, on top of the rotation it had when it was bound. The avatar's
 * axes: x to its left, y up, and `facing` forward.
 */
export class JointDriver {
  readonly joint: Joint;
  readonly #rest: Quaternion;
  readonly #restPosition: Vector3;
  /** The rotation of the avatar's axes seen from the joint's parent, and back. */
  readonly #toAvatar: Quaternion;
  readonly #fromAvatar: Quaternion;
  readonly #forward: 1 | -1;
  readonly #turn = Quaternion.Identity();
  readonly #shift = Vector3.Zero();

  /** `avatar` is the node that places the whole avatar: its own rotation is not part of the pose. */
  constructor(options: { joint: Joint; avatar: Node; facing: "+z" | "-z" }) {
    const { joint, avatar } = options;
    this.joint = joint;
    this.#forward = options.facing === "+z" ? 1 : -1;
    this.#rest = localRotation(joint).clone();
    this.#restPosition = joint.position.clone();
    this.#toAvatar = restAbove(joint, avatar);
    this.#fromAvatar = Quaternion.Inverse(this.#toAvatar);
  }

  /** Angles in radians: yaw positive to the avatar's left, pitch positive up, roll positive to its left shoulder. */
  turn(yawRad: number, pitchRad: number, rollRad: number): void {
    const sign = this.#forward;
    // About +y, +z goes to +x; about +x, +z goes to -y; about +z, +x goes to +y. Facing -z turns the first two round.
    Quaternion.RotationYawPitchRollToRef(sign * yawRad, -sign * pitchRad, -rollRad, this.#turn);
    // parent <- avatar <- turn <- avatar <- parent <- rest
    this.#fromAvatar.multiplyToRef(this.#turn, this.#turn);
    this.#turn.multiplyToRef(this.#toAvatar, this.#turn);
    this.#turn.multiplyToRef(this.#rest, this.#turn);
    this.#set(this.#turn);
  }

  /** Moves the joint from its place at rest, in scene units along the avatar's axes: left, up, forward. */
  shift(left: number, up: number, forward: number): void {
    this.#shift.set(left, up, forward * this.#forward).rotateByQuaternionToRef(this.#fromAvatar, this.#shift);
    this.joint.position = this.#restPosition.add(this.#shift);
  }

  /** Puts the joint back as it was found. */
  release(): void {
    this.#set(this.#rest);
    this.joint.position = this.#restPosition;
  }

  #set(rotation: Quaternion): void {
    const { joint } = this;
    if (joint instanceof TransformNode) {
      joint.rotationQuaternion ??= new Quaternion();
      joint.rotationQuaternion.copyFrom(rotation);
    } else {
      joint.setRotationQuaternion(rotation, Space.LOCAL);
    }
  }
}

function localRotation(joint: Joint): Quaternion {
  if (!(joint instanceof TransformNode)) return joint.getRotationQuaternion(Space.LOCAL);
  return joint.rotationQuaternion ?? Quaternion.FromEulerVector(joint.rotation);
}

/**
 * The rotations of everything between the avatar's node and a joint, at rest. The importer's node "__root__", which turns a
 * right-handed glTF into a left-handed scene, stands for the avatar too.
 */
function restAbove(joint: Joint, avatar: Node): Quaternion {
  let rotation = Quaternion.Identity();
  for (let above = parentOf(joint); above !== null && above !== avatar && above.name !== ROOT; above = parentOf(above))
    rotation = localRotation(above).multiply(rotation);
  return rotation;
}

function parentOf(joint: Joint): Joint | null {
  if (!(joint instanceof TransformNode)) return joint.getParent();
  return joint.parent instanceof TransformNode ? joint.parent : null;
}

/** The node that Babylon's glTF importer puts above everything. */
const ROOT = "__root__";

/** The node of a whole avatar: the given one when it is no mesh, else the importer's root above it, else the topmost. */
export function avatarOf(node: Node): Node {
  if ((node as MaybeMesh).geometry == null) return node;
  let top = node;
  while (top.parent !== null && top.name !== ROOT) top = top.parent;
  return top;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
