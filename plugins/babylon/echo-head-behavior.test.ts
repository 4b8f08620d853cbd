import { Bone } from "@babylonjs/core/Bones/bone.js";
import { Skeleton } from "@babylonjs/core/Bones/skeleton.js";
import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera.js";
import { NullEngine } from "@babylonjs/core/Engines/nullEngine.js";
import { Space } from "@babylonjs/core/Maths/math.axis.js";
import { Matrix, Quaternion, Vector3 } from "@babylonjs/core/Maths/math.vector.js";
import { CreateBox } from "@babylonjs/core/Meshes/Builders/boxBuilder.js";
import type { Mesh } from "@babylonjs/core/Meshes/mesh.js";
import { TransformNode } from "@babylonjs/core/Meshes/transformNode.js";
import { MorphTarget } from "@babylonjs/core/Morph/morphTarget.js";
import { MorphTargetManager } from "@babylonjs/core/Morph/morphTargetManager.js";
import { Scene } from "@babylonjs/core/scene.js";
import { ARKIT_BLENDSHAPES, type ArkitBlendshape } from "echo-head";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EchoHeadBehavior, type FaceFrame } from "./echo-head-behavior.js";
import { createHeadBillboard } from "./head-billboard.js";
import { createHeadVoice } from "./head-voice.js";
import { EchoHeadTexture } from "./index.js";
import { foldName, matchTargets } from "./morph-names.js";

const STILL = { yawRad: 0, pitchRad: 0, rollRad: 0, x: 0, y: 0, z: 0 };

function makeFace(values: Partial<Record<ArkitBlendshape, number>>, pose: Partial<FaceFrame["pose"]> = {}) {
  const blendshapes = Float32Array.from(ARKIT_BLENDSHAPES, (name) => values[name] ?? 0);
  const frame = {
    blendshapes,
    pose: { ...STILL, ...pose },
    closed: 0,
    close: () => {
      frame.closed += 1;
    },
  };
  return frame;
}

let engine: NullEngine;
let scene: Scene;

function makeMesh(names: readonly string[], parent: TransformNode): Mesh {
  const mesh = CreateBox("Face", {}, scene);
  const manager = new MorphTargetManager(scene);
  for (const name of names) {
    const target = new MorphTarget(name, 0, scene);
    target.setPositions(mesh.getVerticesData("position"));
    manager.addTarget(target);
  }
  mesh.morphTargetManager = manager;
  mesh.parent = parent;
  return mesh;
}

const influence = (mesh: Mesh, name: string) => mesh.morphTargetManager!.getTargetByName(name)!.influence;
/** Where a vector of the joint's rest points after it was turned, in the avatar's axes. */
const pointing = (node: TransformNode, vector: Vector3) =>
  Vector3.TransformNormal(vector, node.computeWorldMatrix(true));

beforeEach(() => {
  engine = new NullEngine();
  scene = new Scene(engine);
  new FreeCamera("camera", Vector3.Zero(), scene);
});
afterEach(() => {
  scene.dispose();
  engine.dispose();
});

describe("names of morph targets", () => {
  it("folds what tools put around a name", () => {
    const names = ["mouthSmileLeft", "MouthSmileLeft", "mouthSmile_L", "Head_BS.mouthSmile_L", "ARKit_mouthSmileLeft"];
    for (const name of [...names, "blendShape1.mouthSmileLeft", "Mouth Smile.l", "mouthSmileL", "bs_mouthSmile_Left"])
      expect(foldName(name), name).toBe("mouthsmileleft");
    for (const name of ARKIT_BLENDSHAPES) expect(foldName(name)).toBe(name.toLowerCase());
  });

  it("knows every ARKit name in four spellings", () => {
    const pascal = ARKIT_BLENDSHAPES.map((name) => name[0]!.toUpperCase() + name.slice(1));
    const sided = ARKIT_BLENDSHAPES.map((name) => name.replace(/Left$/, "_L").replace(/Right$/, "_R"));
    const snake = ARKIT_BLENDSHAPES.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    for (const names of [ARKIT_BLENDSHAPES, pascal, sided, snake]) {
      expect(matchTargets(names)).toEqual(
        ARKIT_BLENDSHAPES.map((_, place) => ({ place, shares: [{ index: place, gain: 1 }] })),
      );
    }
  });

  it("knows Character Creator's names, and leaves alone what says nothing", () => {
    const at = (name: ArkitBlendshape) => [{ index: ARKIT_BLENDSHAPES.indexOf(name), gain: 1 }];
    const names = ["Brow_Raise_Inner_L", "Brow_Raise_Inner_R", "Mouth_Up_Upper_R", "Eye_L_Look_L", "Eye_R_Look_L"];
    expect(matchTargets([...names, "Jaw_Open", "V_Explosive", "Muscular", "Mouth_L"])).toEqual([
      { place: 0, shares: at("browInnerUp") },
      { place: 1, shares: at("browInnerUp") },
      { place: 2, shares: at("mouthUpperUpRight") },
      { place: 3, shares: at("eyeLookOutLeft") },
      { place: 4, shares: at("eyeLookInRight") },
      { place: 5, shares: at("jawOpen") },
      { place: 8, shares: at("mouthLeft") },
    ]);
  });

  it("drives a shape of both sides only where the sides are absent", () => {
    const half = (name: ArkitBlendshape) => ({ index: ARKIT_BLENDSHAPES.indexOf(name), gain: 0.5 });
    const both = { place: 0, shares: [half("mouthSmileLeft"), half("mouthSmileRight")] };
    expect(matchTargets(["mouthSmile"])).toEqual([both]);
    expect(matchTargets(["mouthSmile", "mouthSmile_L", "mouthSmile_R"]).map(({ place }) => place)).toEqual([1, 2]);
  });
});

describe("EchoHeadBehavior", () => {
  it("drives the targets of every mesh under the avatar, and returns them on detach", () => {
    const avatar = new TransformNode("avatar", scene);
    const [face, teeth] = [makeMesh(["jawOpen", "unrelated", "mouthSmile"], avatar), makeMesh(["Jaw_Open"], avatar)];
    const behavior = new EchoHeadBehavior({ blendMs: 0 });
    avatar.addBehavior(behavior);
    expect(behavior.driven).toEqual(["jawOpen", "mouthSmileLeft", "mouthSmileRight"]);
    expect(face.morphTargetManager!.numMaxInfluencers).toBe(3);
    behavior.apply(makeFace({ jawOpen: 0.5, mouthSmileLeft: 0.8 }));
    scene.render();
    const shown = [influence(face, "jawOpen"), influence(teeth, "Jaw_Open"), influence(face, "mouthSmile")];
    expect(shown.map((value) => Math.round(value * 1e6) / 1e6)).toEqual([0.5, 0.5, 0.4]);
    expect(influence(face, "unrelated")).toBe(0);
    behavior.weight = 0.5;
    scene.render();
    expect(influence(face, "jawOpen")).toBeCloseTo(0.25, 6);
    avatar.removeBehavior(behavior);
    expect(influence(face, "jawOpen")).toBe(0);
    expect(face.morphTargetManager!.numMaxInfluencers).toBe(0);
  });

  it("turns a head whatever the axes of its joint are, and puts it back", () => {
    const avatar = new TransformNode("__root__", scene);
    avatar.rotation.y = 1.1; // how the avatar stands in the scene does not matter
    const neck = new TransformNode("Neck", scene);
    neck.parent = avatar;
    neck.rotationQuaternion = Quaternion.RotationYawPitchRoll(0.4, -1.2, 0.7);
    const head = new TransformNode("mixamorig:Head", scene);
    head.parent = neck;
    head.rotation = new Vector3(0.2, 0.3, 0.1);
    const restRotation = Quaternion.FromEulerVector(head.rotation);
    const behavior = new EchoHeadBehavior({ blendMs: 0 });
    avatar.addBehavior(behavior);
    expect(behavior.joints).toEqual([head, null, null]);
    avatar.rotation.y = 0;
    const restInverse = Matrix.Invert(head.computeWorldMatrix(true));
    /** What was the avatar's axis at rest points there now. */
    const turned = (axis: Vector3) => {
      scene.render();
      return Vector3.TransformNormal(axis, restInverse.multiply(head.computeWorldMatrix(true)));
    };
    const [left, up, forward] = [Vector3.Right(), Vector3.Up(), new Vector3(0, 0, 1)]; // a glTF looks along +z, its left is +x
    behavior.apply(makeFace({}, { yawRad: 0.5 }));
    expect(Vector3.Distance(turned(forward), new Vector3(Math.sin(0.5), 0, Math.cos(0.5)))).toBeLessThan(1e-5);
    behavior.apply(makeFace({}, { pitchRad: 0.5 }));
    expect(Vector3.Distance(turned(forward), new Vector3(0, Math.sin(0.5), Math.cos(0.5)))).toBeLessThan(1e-5);
    expect(Vector3.Distance(turned(left), left)).toBeLessThan(1e-5);
    behavior.apply(makeFace({}, { rollRad: 0.5 }));
    expect(Vector3.Distance(turned(up), new Vector3(Math.sin(0.5), Math.cos(0.5), 0))).toBeLessThan(1e-5);
    behavior.detach();
    expect(head.rotationQuaternion!.equalsWithEpsilon(restRotation, 1e-6)).toBe(true);
  });

  it("turns a head that looks along -z, and moves it", () => {
    const avatar = new TransformNode("npc", scene);
    const head = new TransformNode("Head", scene);
    head.parent = avatar;
    head.position.y = 1.5;
    const behavior = new EchoHeadBehavior({ blendMs: 0, facing: "-z", headHeight: 0.25 });
    avatar.addBehavior(behavior);
    behavior.apply(makeFace({}, { yawRad: 0.5, x: 1, y: 2, z: 4 }));
    scene.render();
    const look = pointing(head, new Vector3(0, 0, -1));
    expect(Vector3.Distance(look, new Vector3(Math.sin(0.5), 0, -Math.cos(0.5)))).toBeLessThan(1e-5);
    expect(Vector3.Distance(head.position, new Vector3(0.25, 2, -1))).toBeLessThan(1e-5);
    behavior.apply(makeFace({}, { pitchRad: 0.5 }));
    scene.render();
    expect(pointing(head, new Vector3(0, 0, -1)).y).toBeCloseTo(Math.sin(0.5), 5);
    behavior.detach();
    expect(head.position.y).toBe(1.5);
  });

  it("drives a bone without a node, and eyes by their look", () => {
    const avatar = new TransformNode("avatar", scene);
    const mesh = makeMesh(["jawOpen"], avatar);
    const skeleton = new Skeleton("skeleton", "skeleton", scene);
    const head = new Bone("J_Bip_C_Head", skeleton, null, Matrix.Translation(0, 1, 0));
    const leftEye = new Bone("LeftEye", skeleton, head, Matrix.Identity());
    const rightEye = new Bone("RightEye", skeleton, head, Matrix.Identity());
    mesh.skeleton = skeleton;
    const behavior = new EchoHeadBehavior({ blendMs: 0, eyeRangeRad: { yaw: 0.6, pitch: 0.4 } });
    avatar.addBehavior(behavior);
    expect(behavior.joints).toEqual([head, leftEye, rightEye]);
    // Both eyes to the avatar's left: the left one looks out, the right one in.
    behavior.apply(makeFace({ eyeLookOutLeft: 0.5, eyeLookInRight: 0.5, eyeLookUpLeft: 1 }, { yawRad: 0.2 }));
    scene.render();
    const yawOf = (bone: Bone) => bone.getRotationQuaternion(Space.LOCAL).toEulerAngles().y;
    expect(yawOf(head)).toBeCloseTo(0.2, 5);
    expect(yawOf(leftEye)).toBeCloseTo(0.3, 5);
    expect(yawOf(rightEye)).toBeCloseTo(0.3, 5);
    expect(leftEye.getRotationQuaternion(Space.LOCAL).toEulerAngles().x).toBeCloseTo(-0.4, 5);
  });

  it("turns no eye twice: not by a joint where morph targets do it", () => {
    const avatar = new TransformNode("avatar", scene);
    makeMesh(["eyeLookOut_L", "eyeLookIn_L"], avatar);
    const eyes = ["LeftEye", "RightEye"].map((name) => {
      const eye = new TransformNode(name, scene);
      eye.parent = avatar;
      return eye;
    });
    const behavior = new EchoHeadBehavior();
    avatar.addBehavior(behavior);
    expect(behavior.joints).toEqual([null, null, eyes[1]]);
    avatar.removeBehavior(behavior);
    const both = new EchoHeadBehavior({ leftEye: eyes[0]! });
    avatar.addBehavior(both);
    expect(both.joints).toEqual([null, ...eyes]);
  });

  it("goes over from one frame into the next", () => {
    const avatar = new TransformNode("avatar", scene);
    const mesh = makeMesh(["jawOpen"], avatar);
    const behavior = new EchoHeadBehavior({ blendMs: 1e9 });
    avatar.addBehavior(behavior);
    let applied = 0;
    behavior.onAppliedObservable.add(() => {
      applied += 1;
    });
    scene.render();
    expect(applied).toBe(0); // nothing has come yet
    behavior.apply(makeFace({ jawOpen: 1 }));
    scene.render();
    expect(applied).toBe(1);
    expect(influence(mesh, "jawOpen")).toBeLessThan(0.01);
  });

  it("plays and closes frames, and stops with its node", async () => {
    const avatar = new TransformNode("avatar", scene);
    const mesh = makeMesh(["jawOpen"], avatar);
    const behavior = new EchoHeadBehavior({ blendMs: 0 });
    avatar.addBehavior(behavior);
    const [first, late] = [makeFace({ jawOpen: 0.3 }), makeFace({ jawOpen: 0.9 })];
    const observers = scene.onBeforeRenderObservable.observers.length;
    await behavior.play(
      (async function* () {
        yield first;
        scene.render();
        expect(influence(mesh, "jawOpen")).toBeCloseTo(0.3, 6);
        avatar.dispose(true);
        yield late;
        throw new Error("pulled after the node was disposed");
      })(),
    );
    expect([first.closed, late.closed]).toEqual([1, 1]);
    expect(behavior.attachedNode).toBeNull();
    await expect.poll(() => scene.onBeforeRenderObservable.observers.length).toBe(observers - 1);
    behavior.dispose();
    expect(() => behavior.apply({ blendshapes: new Float32Array(3), pose: STILL })).toThrow(/52/);
    expect(() => new EchoHeadBehavior({ facing: "x" as never })).toThrow(/options\.facing/);
    expect(() => new EchoHeadBehavior({ blendMs: -1 })).toThrow(/options\.blendMs/);
  });
});

describe("createHeadBillboard", () => {
  it("hangs on its parent and turns to the camera", () => {
    const parent = new TransformNode("npc", scene);
    const texture = new EchoHeadTexture({ scene });
    const mesh = createHeadBillboard({ scene, texture, parent, height: 1.6, size: 0.5 });
    expect([mesh.parent, mesh.position.y, mesh.billboardMode]).toEqual([parent, 1.6, TransformNode.BILLBOARDMODE_Y]);
    const full = createHeadBillboard({ scene, texture, turning: "full" });
    expect(full.billboardMode).toBe(TransformNode.BILLBOARDMODE_ALL);
    expect(() => createHeadBillboard({ scene, texture, turning: "no" as never })).toThrow(/options\.turning/);
  });
});

describe("createHeadVoice", () => {
  it("puts the player's output into Babylon's spatial audio and follows the node", async () => {
    const calls: unknown[] = [];
    const gain = { disconnect: () => calls.push("disconnect") };
    const spatial = { attach: (node: unknown) => calls.push(["attach", node]), detach: () => calls.push("detach") };
    const audioEngine = {
      createSoundSourceAsync: async (_name: string, source: unknown, options: object) => {
        calls.push([source, options]);
        return { spatial, dispose: () => calls.push("dispose") };
      },
    };
    const node = new TransformNode("head", scene);
    const context = { createGain: () => gain } as unknown as BaseAudioContext;
    const voice = await createHeadVoice({ audioEngine: audioEngine as never, context, node, rolloffFactor: 2 });
    expect(voice.output).toBe(gain);
    expect(calls[0]).toEqual([gain, expect.objectContaining({ spatialEnabled: true, spatialRolloffFactor: 2 })]);
    expect(calls[1]).toEqual(["attach", node]);
    voice.dispose();
    voice.dispose();
    expect(calls.slice(2)).toEqual(["detach", "dispose", "disconnect"]);
    const bad = createHeadVoice({ audioEngine: audioEngine as never, context, node, minDistance: -1 });
    await expect(bad).rejects.toThrow(/options\.minDistance/);
  });
});
