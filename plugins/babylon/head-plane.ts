import { Constants } from "@babylonjs/core/Engines/constants.js";
import { StandardMaterial } from "@babylonjs/core/Materials/standardMaterial.js";
import type { BaseTexture } from "@babylonjs/core/Materials/Textures/baseTexture.js";
import { Color3 } from "@babylonjs/core/Maths/math.color.js";
import { CreatePlane } from "@babylonjs/core/Meshes/Builders/planeBuilder.js";
import { Mesh } from "@babylonjs/core/Meshes/mesh.js";
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
  // Seen from the side on which the camera stands by convention: -z, or +z in a right-handed scene.
  const sideOrientation = options.scene.useRightHandedSystem ? Mesh.BACKSIDE : Mesh.FRONTSIDE;
  const plane = CreatePlane(name, { size, sideOrientation }, options.scene);
  const material = new StandardMaterial(`${name}.material`, options.scene);
  material.diffuseTexture = options.texture;
  material.useAlphaFromDiffuseTexture = true;
  material.disableLighting = true; // diffuse is then texture x emissive
  material.emissiveColor = Color3.White();
  material.specularColor = Color3.Black();
  material.alphaMode = Constants.ALPHA_COMBINE;
  if (options.texture.alphaMode === "premultiplied") {
    material.alphaMode = Constants.ALPHA_PREMULTIPLIED;
    material.customShaderNameResolve = keepPremultiplied;
  }
  material.disableDepthWrite = true; // a clear corner must not hide what is drawn later
  plane.material = material;
  return plane;
}

/**
 * NOTICE: with ALPHA_PREMULTIPLIED the StandardMaterial multiplies colour by alpha itself (define PREMULTIPLYALPHA, Babylon 9.34);
 * this texture holds the product already, and doing it twice leaves a dark rim. The hook runs just before the defines are read.
 */
const keepPremultiplied: StandardMaterial["customShaderNameResolve"] = (
  name,
  _uniforms,
  _buffers,
  _samplers,
  defines,
) => {
  if (!Array.isArray(defines)) Object.assign(defines, { PREMULTIPLYALPHA: false });
  return name;
};
