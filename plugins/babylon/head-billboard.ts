import type { Mesh } from "@babylonjs/core/Meshes/mesh.js";
import { TransformNode } from "@babylonjs/core/Meshes/transformNode.js";
import type { Node } from "@babylonjs/core/node.js";
import { createHeadPlane, type HeadPlaneOptions } from "./head-plane.js";

/** Options of {@link createHeadBillboard}. */
export interface HeadBillboardOptions extends HeadPlaneOptions {
  /** What it hangs on: a character, a seat, a drone. @default nothing */
  parent?: Node;
  /** Height of the picture's middle above the parent, in scene units. @default 0 */
  height?: number;
  /** "upright" turns about the vertical only, as a person would; "full" also tilts to a camera above or below. @default "upright" */
  turning?: "upright" | "full";
}

/**
 * A head plane that always turns to the camera: a head in a 3D game without a model. The caller owns the mesh and its material, as with
 * {@link createHeadPlane}.
 */
export function createHeadBillboard(options: HeadBillboardOptions): Mesh {
  const { parent, height = 0, turning = "upright", ...plane } = options;
  if (!Number.isFinite(height)) throw new TypeError("options.height must be a finite number");
  if (turning !== "upright" && turning !== "full") throw new TypeError('options.turning must be "upright" or "full"');
  const mesh = createHeadPlane({ name: "EchoHeadBillboard", ...plane });
  mesh.billboardMode = turning === "full" ? TransformNode.BILLBOARDMODE_ALL : TransformNode.BILLBOARDMODE_Y;
  if (parent) mesh.parent = parent;
  mesh.position.y = height;
  return mesh;
}
