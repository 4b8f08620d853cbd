import { Effect } from "@babylonjs/core/Materials/effect.js";
import { ShaderMaterial } from "@babylonjs/core/Materials/shaderMaterial.js";
import type { BaseTexture } from "@babylonjs/core/Materials/Textures/baseTexture.js";
import { Color3 } from "@babylonjs/core/Maths/math.color.js";
import { Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import type { Scene } from "@babylonjs/core/scene.js";

/** Two colours of a soft round gradient: its glow behind the head, and its rim. */
export type WallColours = { readonly glow: string; readonly rim: string };

// `props` holds premultiplied colour. The noise hides the bands that 8 bits leave in a dark gradient.
const FRAGMENT = `
precision highp float;
varying vec2 vUV;
uniform vec3 glow;
uniform vec3 rim;
uniform float checker;
uniform float aspect;
uniform float propsShown;
uniform vec3 ring;
uniform float voice;
uniform sampler2D props;
float noise(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }
void main() {
  vec2 p = (vUV - vec2(0.5, 0.56)) * vec2(aspect, 1.0);
  vec3 soft = mix(glow, rim, smoothstep(0.0, 0.85, length(p)));
  vec2 cell = floor(vUV * vec2(aspect, 1.0) * 26.0);
  vec3 squares = mix(vec3(0.17, 0.18, 0.20), vec3(0.24, 0.25, 0.27), mod(cell.x + cell.y, 2.0));
  vec4 over = texture2D(props, vUV) * propsShown;
  vec3 colour = mix(soft, squares, checker) * (1.0 - over.a) + over.rgb;
  // The ring: a line of one or two pixels, and around it light that grows with the voice.
  float away = abs(length((vUV - vec2(0.5, ring.x)) * vec2(aspect, 1.0)) - ring.y);
  float line = 1.0 - smoothstep(ring.z, ring.z * 2.2, away);
  float halo = exp(-away * 34.0) * (0.06 + 0.34 * voice);
  colour += propsShown * vec3(0.56, 0.89, 0.77) * (line * (0.30 + 0.70 * voice) + halo);
  gl_FragColor = vec4(colour + (noise(gl_FragCoord.xy) - 0.5) / 120.0, 1.0);
}`;
const VERTEX = `
precision highp float;
attribute vec3 position;
attribute vec2 uv;
varying vec2 vUV;
void main() { vUV = uv; gl_Position = vec4(position.xy * 2.0, 0.9999, 1.0); }`;

/** Fills the screen behind everything, whatever the camera does: put it on a plane of size 1 that is never culled. */
export class WallMaterial extends ShaderMaterial {
  /** @param props what stands before the wall, out of focus: premultiplied RGBA, as large as the view */
  constructor(scene: Scene, props: BaseTexture) {
    Effect.ShadersStore.studioWallVertexShader = VERTEX;
    Effect.ShadersStore.studioWallFragmentShader = FRAGMENT;
    super("wall", scene, "studioWall", {
      attributes: ["position", "uv"],
      uniforms: ["glow", "rim", "checker", "aspect", "propsShown", "ring", "voice"],
      samplers: ["props"],
    });
    this.backFaceCulling = false;
    this.disableDepthWrite = true;
    this.setTexture("props", props);
    this.setAspect(1);
    this.setVoice(0);
    this.setRing(0.5, 0.4, 0.002);
  }

  /** Shows a gradient, or with null the checkerboard; before it the props or nothing. */
  show(colours: WallColours | null, propsShown: boolean): void {
    this.setFloat("checker", colours ? 0 : 1);
    this.setFloat("propsShown", propsShown ? 1 : 0);
    this.setColor3("glow", Color3.FromHexString(colours?.glow ?? "#000000"));
    this.setColor3("rim", Color3.FromHexString(colours?.rim ?? "#000000"));
  }

  /** The ring behind the head, in heights of the view. @param middle from the bottom @param line half its thickness */
  setRing(middle: number, radius: number, line: number): void {
    this.setVector3("ring", new Vector3(middle, radius, line));
  }

  /** How loud the head speaks, 0..1. */
  setVoice(level: number): void {
    this.setFloat("voice", level);
  }

  /** Width over height of the view; keeps the glow round and the squares square. */
  setAspect(aspect: number): void {
    this.setFloat("aspect", aspect);
  }
}
