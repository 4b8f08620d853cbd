/** The VRM extensions of the sample avatar: bones, expressions, look-at. */

/** Presets of VRM 1 as mixtures of shapes. */
const PRESETS = {
  aa: { jawOpen: 0.75, mouthLowerDownLeft: 0.2, mouthLowerDownRight: 0.2 },
  ih: { jawOpen: 0.2, mouthStretchLeft: 0.4, mouthStretchRight: 0.4, mouthUpperUpLeft: 0.2, mouthUpperUpRight: 0.2 },
  ou: { jawOpen: 0.15, mouthPucker: 0.9, mouthFunnel: 0.2 },
  ee: { jawOpen: 0.3, mouthStretchLeft: 0.6, mouthStretchRight: 0.6, mouthSmileLeft: 0.3, mouthSmileRight: 0.3 },
  oh: { jawOpen: 0.5, mouthFunnel: 0.8 },
  blink: { eyeBlinkLeft: 1, eyeBlinkRight: 1 },
  blinkLeft: { eyeBlinkLeft: 1 },
  blinkRight: { eyeBlinkRight: 1 },
  happy: { mouthSmileLeft: 0.9, mouthSmileRight: 0.9, cheekSquintLeft: 0.6, cheekSquintRight: 0.6 },
  angry: { browDownLeft: 1, browDownRight: 1, mouthFrownLeft: 0.4, mouthFrownRight: 0.4 },
  sad: { browInnerUp: 1, mouthFrownLeft: 0.8, mouthFrownRight: 0.8 },
  surprised: { browInnerUp: 1, browOuterUpLeft: 1, browOuterUpRight: 1, eyeWideLeft: 1, eyeWideRight: 1, jawOpen: 0.3 },
  relaxed: { mouthSmileLeft: 0.4, mouthSmileRight: 0.4, eyeSquintLeft: 0.5, eyeSquintRight: 0.5 },
};
const VRM0 = {
  aa: "a",
  ih: "i",
  ou: "u",
  ee: "e",
  oh: "o",
  blink: "blink",
  blinkLeft: "blink_l",
  blinkRight: "blink_r",
  happy: "joy",
  angry: "angry",
  sad: "sorrow",
  relaxed: "fun",
};

/** Bones with their parent and place in it, in metres (facing +z). `eye` comes from the head. */
export function skeleton(eye) {
  const both = (name, parent, [x, y, z]) => [
    [`left${name}`, parent.replace("*", "left"), [x, y, z]],
    [`right${name}`, parent.replace("*", "right"), [-x, y, z]],
  ];
  return [
    ["hips", undefined, [0, 0.9, 0]],
    ["spine", "hips", [0, 0.1, 0]],
    ["chest", "spine", [0, 0.15, 0]],
    ["neck", "chest", [0, 0.19, -0.01]],
    ["head", "neck", [0, 0.105, 0.012]],
    ...both("Eye", "head", [eye.x, eye.y, eye.z]),
    ...both("UpperArm", "chest", [0.16, 0.1, 0]),
    ...both("LowerArm", "*UpperArm", [0.25, 0, 0]),
    ...both("Hand", "*LowerArm", [0.22, 0, 0]),
    ...both("UpperLeg", "hips", [0.09, -0.05, 0]),
    ...both("LowerLeg", "*UpperLeg", [0, -0.4, 0]),
    ...both("Foot", "*LowerLeg", [0, -0.4, 0]),
  ];
}

/**
 * @param {{ version: "0" | "1", shapes: readonly string[], perfectSync: boolean, bones: Map<string, number>, node: number, mesh: number, eyeHeight: number }} avatar
 * @returns the glTF extensions and their names
 */
export function vrmExtensions({ version, shapes, perfectSync, bones, node, mesh, eyeHeight }) {
  const binds = (mixture, one) => Object.entries(mixture).map(([name, weight]) => one(shapes.indexOf(name), weight));
  if (version === "1") {
    const bind = (index, weight) => ({ node, index, weight });
    const expression = (mixture) => ({ morphTargetBinds: binds(mixture, bind), isBinary: false });
    const range = { inputMaxValue: 45, outputScale: 45 };
    return {
      VRMC_vrm: {
        specVersion: "1.0",
        meta: {
          name: "Robin, the sample avatar of echo-head",
          version: "1",
          authors: ["echo-head"],
          licenseUrl: "https://vrm.dev/licenses/1.0/",
          avatarPermission: "everyone",
          commercialUsage: "corporation",
          creditNotation: "unnecessary",
          modification: "allowModificationRedistribution",
          allowRedistribution: true,
        },
        humanoid: { humanBones: Object.fromEntries([...bones].map(([bone, at]) => [bone, { node: at }])) },
        lookAt: {
          type: "bone",
          offsetFromHeadBone: [0, eyeHeight, 0],
          rangeMapHorizontalInner: range,
          rangeMapHorizontalOuter: range,
          rangeMapVerticalDown: range,
          rangeMapVerticalUp: range,
        },
        expressions: {
          preset: Object.fromEntries(Object.entries(PRESETS).map(([name, mixture]) => [name, expression(mixture)])),
          custom: perfectSync ? Object.fromEntries(shapes.map((name) => [name, expression({ [name]: 1 })])) : {},
        },
      },
    };
  }
  const bind = (index, weight) => ({ mesh, index, weight: weight * 100 });
  const group = (name, presetName, mixture) => ({
    name,
    presetName,
    isBinary: false,
    binds: binds(mixture, bind),
    materialValues: [],
  });
  const range = { curve: [0, 0, 0, 1, 1, 1, 1, 0], xRange: 45, yRange: 45 };
  const presets = Object.entries(PRESETS).filter(([name]) => VRM0[name]);
  return {
    VRM: {
      exporterVersion: "echo-head",
      specVersion: "0.0",
      meta: {
        title: "Robin",
        version: "1",
        author: "echo-head",
        allowedUserName: "Everyone",
        commercialUssageName: "Allow",
        licenseName: "CC0",
      },
      humanoid: { humanBones: [...bones].map(([bone, at]) => ({ bone, node: at, useDefaultValues: true })) },
      firstPerson: {
        firstPersonBone: bones.get("head"),
        firstPersonBoneOffset: { x: 0, y: eyeHeight, z: 0 },
        lookAtTypeName: "Bone",
        lookAtHorizontalInner: range,
        lookAtHorizontalOuter: range,
        lookAtVerticalDown: range,
        lookAtVerticalUp: range,
      },
      blendShapeMaster: {
        blendShapeGroups: [
          ...presets.map(([name, mixture]) => group(VRM0[name].toUpperCase(), VRM0[name], mixture)),
          // In VRM 0 Perfect Sync clips are named as in Unity: BrowDownLeft.
          ...(perfectSync
            ? shapes.map((name) => group(name[0].toUpperCase() + name.slice(1), "unknown", { [name]: 1 }))
            : []),
        ],
      },
      secondaryAnimation: { boneGroups: [], colliderGroups: [] },
      materialProperties: [],
    },
  };
}
