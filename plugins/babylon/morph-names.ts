import { ARKIT_BLENDSHAPES, type ArkitBlendshape } from "echo-head";

/** How much of which coefficient goes into the influence of a morph target. */
export type Share = {
  /** Place in ARKIT_BLENDSHAPES. */
  readonly index: number;
  readonly gain: number;
};

/** A morph target by its place in the given list, and what moves it. */
export type NamedTarget = { readonly place: number; readonly shares: readonly Share[] };

const INDEX: ReadonlyMap<string, number> = new Map(ARKIT_BLENDSHAPES.map((name, i) => [name.toLowerCase(), i]));

/**
 * Other names of single coefficients, folded as by {@link foldName}. Character Creator 4 names its shapes by part and movement and
 * splits some into sides; others split browInnerUp and cheekPuff the same way.
 */
const SYNONYMS: Readonly<Record<string, ArkitBlendshape>> = {
  browdropleft: "browDownLeft",
  browdropright: "browDownRight",
  browraiseinnerleft: "browInnerUp",
  browraiseinnerright: "browInnerUp",
  browinnerupleft: "browInnerUp",
  browinnerupright: "browInnerUp",
  browraiseouterleft: "browOuterUpLeft",
  browraiseouterright: "browOuterUpRight",
  cheekpuffleft: "cheekPuff",
  cheekpuffright: "cheekPuff",
  cheekraiseleft: "cheekSquintLeft",
  cheekraiseright: "cheekSquintRight",
  eyellookup: "eyeLookUpLeft",
  eyellookdown: "eyeLookDownLeft",
  eyellookleft: "eyeLookOutLeft",
  eyellookright: "eyeLookInLeft",
  eyerlookup: "eyeLookUpRight",
  eyerlookdown: "eyeLookDownRight",
  eyerlookleft: "eyeLookInRight",
  eyerlookright: "eyeLookOutRight",
  mouthdownlowerleft: "mouthLowerDownLeft",
  mouthdownlowerright: "mouthLowerDownRight",
  mouthupupperleft: "mouthUpperUpLeft",
  mouthupupperright: "mouthUpperUpRight",
  mouthfunnelupleft: "mouthFunnel",
  mouthfunnelupright: "mouthFunnel",
  mouthfunneldownleft: "mouthFunnel",
  mouthfunneldownright: "mouthFunnel",
  mouthpuckerupleft: "mouthPucker",
  mouthpuckerupright: "mouthPucker",
  mouthpuckerdownleft: "mouthPucker",
  mouthpuckerdownright: "mouthPucker",
  mouthrollinlower: "mouthRollLower",
  mouthrollinlowerleft: "mouthRollLower",
  mouthrollinlowerright: "mouthRollLower",
  mouthrollinupper: "mouthRollUpper",
  mouthrollinupperleft: "mouthRollUpper",
  mouthrollinupperright: "mouthRollUpper",
  tongueextend: "tongueOut",
};

/**
 * Names of one shape for both sides. Ready Player Me carries some of them beside the ARKit ones: they move only on a mesh that has
 * none of their parts, so that nothing is driven twice.
 */
const BOTH_SIDES: Readonly<Record<string, readonly ArkitBlendshape[]>> = {
  eyeblink: ["eyeBlinkLeft", "eyeBlinkRight"],
  eyesclosed: ["eyeBlinkLeft", "eyeBlinkRight"],
  blink: ["eyeBlinkLeft", "eyeBlinkRight"],
  eyeswide: ["eyeWideLeft", "eyeWideRight"],
  eyeslookup: ["eyeLookUpLeft", "eyeLookUpRight"],
  eyeslookdown: ["eyeLookDownLeft", "eyeLookDownRight"],
  mouthopen: ["jawOpen"],
  mouthsmile: ["mouthSmileLeft", "mouthSmileRight"],
  mouthfrown: ["mouthFrownLeft", "mouthFrownRight"],
  browdown: ["browDownLeft", "browDownRight"],
  cheeksquint: ["cheekSquintLeft", "cheekSquintRight"],
  nosesneer: ["noseSneerLeft", "noseSneerRight"],
};

/** Words that tools put before the name of a shape. */
const PREFIXES = /^(arkit|blendshapes?|shapes?|morphs?|facs|bs|exp|face|head)\d*(?=[a-z]{4})/;

/**
 * A name without what differs between tools: path, prefix, case, separators; sides are spelled out.
 * "Head_BS.mouthSmile_L", "ARKit_MouthSmileLeft" and "Mouth Smile.l" all give "mouthsmileleft".
 */
export function foldName(name: string): string {
  const sided = name
    .replace(/[_.\- ](?:l|left)$/i, "Left")
    .replace(/[_.\- ](?:r|right)$/i, "Right")
    .replace(/([a-z])L$/, "$1Left")
    .replace(/([a-z])R$/, "$1Right");
  const local = sided.slice(Math.max(...[".", ":", "/", "|"].map((mark) => sided.lastIndexOf(mark))) + 1);
  const folded = local.toLowerCase().replace(/[^a-z0-9]/g, "");
  return INDEX.has(folded) ? folded : folded.replace(PREFIXES, "");
}

/** Which of these morph targets show which coefficients. Names that say nothing to us are left out. */
export function matchTargets(names: readonly string[]): readonly NamedTarget[] {
  const folded = names.map(foldName);
  const single = folded.map((name) => INDEX.get(name) ?? INDEX.get(SYNONYMS[name]?.toLowerCase() ?? ""));
  const present = new Set(single);
  return folded.flatMap((name, place): NamedTarget[] => {
    const index = single[place];
    if (index !== undefined) return [{ place, shares: [{ index, gain: 1 }] }];
    const parts = (BOTH_SIDES[name] ?? []).map((part) => INDEX.get(part.toLowerCase())!);
    if (parts.length === 0 || parts.some((part) => present.has(part))) return [];
    return [{ place, shares: parts.map((part) => ({ index: part, gain: 1 / parts.length })) }];
  });
}
