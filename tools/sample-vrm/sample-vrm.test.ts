import { readFileSync } from "node:fs";
import { ARKIT_BLENDSHAPES } from "echo-head";
import { expect, it } from "vitest";
import { makeSampleVrm } from "./make.mjs";

/** The JSON part of a GLB. */
function json(glb: Uint8Array) {
  const view = new DataView(glb.buffer, glb.byteOffset, glb.byteLength);
  expect([view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)]).toEqual([
    0x46546c67,
    2,
    glb.length,
  ]);
  return JSON.parse(new TextDecoder().decode(glb.subarray(20, 20 + view.getUint32(12, true))));
}

it("is what examples/assets holds", () => {
  const file = readFileSync(new URL("../../examples/assets/robin.vrm", import.meta.url));
  const made = makeSampleVrm();
  expect(json(file)).toEqual(json(made));
  expect(file.length).toBe(made.length);
});

it("has a shape for every ARKit name but the eyes' sideways looks, which are bones, and binds each", () => {
  const { meshes, nodes, extensions } = json(makeSampleVrm());
  const { targetNames } = meshes[0].extras as { targetNames: string[] };
  const sideways = ["eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight"];
  const lower = ["eyeLookDownLeft", "eyeLookDownRight", "eyeLookUpLeft", "eyeLookUpRight"];
  expect([...targetNames].sort()).toEqual(ARKIT_BLENDSHAPES.filter((name) => !sideways.includes(name)).sort());
  expect(targetNames).toEqual(expect.arrayContaining(lower));
  const { preset, custom } = extensions.VRMC_vrm.expressions;
  for (const { morphTargetBinds } of [...Object.values(preset), ...Object.values(custom)] as {
    morphTargetBinds: { node: number; index: number }[];
  }[]) {
    expect(morphTargetBinds.length).toBeGreaterThan(0);
    for (const { node, index } of morphTargetBinds) {
      expect(nodes[node].mesh).toBe(0);
      expect(targetNames[index]).toBeDefined();
    }
  }
});
