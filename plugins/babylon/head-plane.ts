import { Constants } from "@babylonjs/core/Engines/constants.js";
import { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial.js";
import type { BaseTexture } from "@babylonjs/core/Materials/Textures/baseTexture.js";
import { Color3 } from "@babylonjs/core/Maths/math.color.js";
import { CreatePlane } from "@babylonjs/core/Meshes/Builders/planeBuilder.js";
import type { Mesh } from "@babylonjs/core/Meshes/mesh.js";
import type { Scene } from "@babylonjs/core/scene.js";
import type { AlphaMode } from "./echo-head-texture.js";

/** Options of {@link createHeadPlane}. */
export interface HeadPlaneOptions {
  scene: Scene;
  /** An EchoHeadTexture. Borrowed: disposing the plane leaves it alone. */
  texture: BaseTexture & { readonly alphaMode: AlphaMode };
  /** Height and width in scene units. @default 1 */
  size?: number;
  /** @default "EchoHeadPlane" */
  name?: string;
}

/**
 * A square plane that shows the head unlit, with its own transparency: the scene behind it is seen around the head.
 * The caller owns the mesh and its material; `mesh.dispose(false, false)` then `mesh.material?.dispose()`.
 */
export function createHeadPlane(options: HeadPlaneOptions): Mesh {
  const size = options.size ?? 1;
  if (!Number.isFinite(size) || size <= 0) throw new TypeError("options.size must be a finite number above 0");
  const name = options.name ?? "EchoHeadPlane";
  const plane = CreatePlane(name, { size }, options.scene);
  const material = new StandardMaterial(`${name}.material`, options.scene);
  material.diffuseTexture = options.texture;
  material.useAlphaFromDiffuseTexture = true;
  material.disableLighting = true; // diffuse is then texture x emissive
  material.emissiveColor = Color3.White();
  material.specularColor = Color3.Black();
  material.alphaMode =
    options.texture.alphaMode === "premultiplied" ? Constants.ALPHA_PREMULTIPLIED : Constants.ALPHA_COMBINE;
  material.disableDepthWrite = true; // a clear corner must not hide what is drawn later
  plane.material = material;
  return plane;
}
