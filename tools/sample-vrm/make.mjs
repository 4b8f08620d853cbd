/**
 * Makes the sample avatar: a VRM of our own with the 52 ARKit shapes, so that examples and tests need nobody's model.
 *
 *     node tools/sample-vrm/make.mjs examples/assets/robin.vrm [--vrm0] [--presets-only]
 */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { GlbWriter } from "./glb.mjs";
import { bodyPart, EYE, eyePart, hairPart, headPart, neckPart } from "./head.mjs";
import { skeleton, vrmExtensions } from "./vrm.mjs";

/**
 * The avatar as a GLB.
 * @param {{ version?: "0" | "1", perfectSync?: boolean }} [options] `version`: of VRM (default "1"). `perfectSync`: with the 52 names as expressions (default true)
 * @returns {Uint8Array}
 */
export function makeSampleVrm({ version = "1", perfectSync = true } = {}) {
  const glb = new GlbWriter({ facesBack: version === "0" });
  const head = headPart();
  const shapes = [...head.shapes.keys()].sort();
  const material = glb.material({ name: "Robin", roughness: 0.72 });
  const bones = new Map();
  for (const [bone, parent, place] of skeleton(EYE)) bones.set(bone, glb.node(bone, place, bones.get(parent)));
  const mesh = glb.mesh("Face", head, material, shapes);
  const node = glb.node("Face", [0, 0, 0], bones.get("head"), mesh);
  glb.node("Hair", [0, 0, 0], bones.get("head"), glb.mesh("Hair", hairPart(), material));
  glb.node("Neck", [0, 0, 0], bones.get("neck"), glb.mesh("Neck", neckPart(), material));
  glb.node("Body", [0, 0, 0], bones.get("chest"), glb.mesh("Body", bodyPart(), material));
  const eye = glb.mesh("Eye", eyePart(), material);
  // The nose hides the inner part of each eye: turned outwards a little they look straight ahead.
  const outwards = (4.5 * Math.PI) / 180; // half the angle, as quaternions want it
  for (const [side, sign] of /** @type {const} */ ([
    ["left", 1],
    ["right", -1],
  ]))
    glb.node(`${side}EyeBall`, [0, 0, 0], bones.get(`${side}Eye`), eye, [
      0,
      sign * Math.sin(outwards),
      0,
      Math.cos(outwards),
    ]);
  return glb.finish(vrmExtensions({ version, shapes, perfectSync, bones, node, mesh, eyeHeight: EYE.y }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { vrm0: { type: "boolean" }, "presets-only": { type: "boolean" } },
  });
  const bytes = makeSampleVrm({ version: values.vrm0 ? "0" : "1", perfectSync: !values["presets-only"] });
  writeFileSync(positionals[0] ?? "robin.vrm", bytes);
  console.log(`${positionals[0] ?? "robin.vrm"}: ${bytes.length} bytes`);
}
