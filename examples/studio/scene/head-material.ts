import { Constants } from "@babylonjs/core/Engines/constants.js";
import { Effect } from "@babylonjs/core/Materials/effect.js";
import { ShaderMaterial } from "@babylonjs/core/Materials/shaderMaterial.js";
import type { BaseTexture } from "@babylonjs/core/Materials/Textures/baseTexture.js";
import { Vector2 } from "@babylonjs/core/Maths/math.vector.js";
import type { Scene } from "@babylonjs/core/scene.js";
import type { AlphaMode } from "echo-head/babylon";

// The head has 256 x 256 pixels and stands four times as large: bilinear filtering would show its grid. Catmull-Rom in
// nine bilinear reads (4 x 4 texels), after "Fast Catmull-Rom filtering", Jimenez 2016: weights for t in 0..1 of
//   w0 = t(-1/2 + t(1 - t/2)), w1 = 1 + t^2(-5/2 + 3t/2), w2 = t(1/2 + t(2 - 3t/2)), w3 = t^2(-1/2 + t/2)
// with w1 and w2 read at once between their texels. The texture is premultiplied, so colour and alpha filter together.
const FRAGMENT = `
precision highp float;
varying vec2 vUV;
uniform sampler2D head;
uniform vec2 size;
uniform float fade;
vec4 catmullRom(vec2 uv) {
  vec2 p = uv * size;
  vec2 centre = floor(p - 0.5) + 0.5;
  vec2 t = p - centre;
  vec2 w0 = t * (-0.5 + t * (1.0 - 0.5 * t));
  vec2 w1 = 1.0 + t * t * (-2.5 + 1.5 * t);
  vec2 w2 = t * (0.5 + t * (2.0 - 1.5 * t));
  vec2 w3 = t * t * (-0.5 + 0.5 * t);
  vec2 w12 = w1 + w2;
  vec2 a = (centre - 1.0) / size;
  vec2 b = (centre + w2 / w12) / size;
  vec2 c = (centre + 2.0) / size;
  vec4 sum = texture2D(head, vec2(a.x, a.y)) * w0.x * w0.y
    + texture2D(head, vec2(b.x, a.y)) * w12.x * w0.y
    + texture2D(head, vec2(c.x, a.y)) * w3.x * w0.y
    + texture2D(head, vec2(a.x, b.y)) * w0.x * w12.y
    + texture2D(head, vec2(b.x, b.y)) * w12.x * w12.y
    + texture2D(head, vec2(c.x, b.y)) * w3.x * w12.y
    + texture2D(head, vec2(a.x, c.y)) * w0.x * w3.y
    + texture2D(head, vec2(b.x, c.y)) * w12.x * w3.y
    + texture2D(head, vec2(c.x, c.y)) * w3.x * w3.y;
  return clamp(sum, 0.0, 1.0);
}
void main() {
  vec4 colour = catmullRom(vec2(vUV.x, 1.0 - vUV.y)); // row 0 of a frame is on top
  colour.rgb = min(colour.rgb, colour.aaa);
  // The bust ends at the edges of the picture; towards its foot and its sides it fades into the room.
  float side = min(vUV.x, 1.0 - vUV.x);
  gl_FragColor = colour * smoothstep(0.0, fade, vUV.y) * smoothstep(0.0, 0.5 * fade, side);
}`;
const VERTEX = `
precision highp float;
attribute vec3 position;
attribute vec2 uv;
uniform mat4 worldViewProjection;
varying vec2 vUV;
void main() { vUV = uv; gl_Position = worldViewProjection * vec4(position, 1.0); }`;

/** How much of the picture's height fades out at the foot, 0..1. */
const FADE = 0.16;

/** What the material needs of an EchoHeadTexture. */
type HeadTexture = BaseTexture & { readonly alphaMode: AlphaMode };

/** Shows the head's premultiplied texture larger than it is, without its pixels. WebGL2 only (GLSL). */
export class HeadMaterial extends ShaderMaterial {
  readonly #head: HeadTexture;

  constructor(scene: Scene, head: HeadTexture) {
    if (head.alphaMode !== "premultiplied") throw new TypeError('head.alphaMode must be "premultiplied"');
    Effect.ShadersStore.studioHeadVertexShader = VERTEX;
    Effect.ShadersStore.studioHeadFragmentShader = FRAGMENT;
    super("head", scene, "studioHead", {
      attributes: ["position", "uv"],
      uniforms: ["worldViewProjection", "size", "fade"],
      samplers: ["head"],
      needAlphaBlending: true,
    });
    this.#head = head;
    this.alphaMode = Constants.ALPHA_PREMULTIPLIED;
    this.disableDepthWrite = true;
    this.setTexture("head", head);
    this.setFloat("fade", FADE);
    this.followSize();
  }

  /** Call when frames of another size may have come. */
  followSize(): void {
    const { width, height } = this.#head.getSize();
    this.setVector2("size", new Vector2(width, height));
  }
}
