import { coefficient, meanOf } from "./face-frame.js";

/** The presets of VRM 1 that a face gives. `neutral`, `relaxed` and the look presets are left to others. */
// biome-ignore format: one line
export const VRM_PRESETS = [
  "aa", "ih", "ou", "ee", "oh", "blinkLeft", "blinkRight", "happy", "angry", "sad", "surprised",
] as const;

/** One of {@link VRM_PRESETS}. */
export type VrmPreset = (typeof VRM_PRESETS)[number];

/** A weight 0..1 for each preset. */
export type PresetWeights = Readonly<Record<VrmPreset, number>>;

/** Speech seldom opens the jaw by more than this coefficient; there the vowel is fully open. */
const JAW_OF_AN_OPEN_VOWEL = 0.6;

/**
 * The 52 coefficients as presets, for avatars without Perfect Sync. An approximation: five vowels and four moods hold less than
 * 52 coefficients. The vowels' weights sum to at most 1, so that their shapes do not add up to a torn mouth.
 * @param moods how much of the mood presets is used, 0..1: many avatars shut their eyes or open their mouth in them
 */
export function presetsOf(blendshapes: Float32Array, moods: number): PresetWeights {
  const at = (name: Parameters<typeof coefficient>[1]) => coefficient(blendshapes, name);
  const smile = meanOf(blendshapes, "mouthSmile");
  return {
    ...vowelsOf(blendshapes),
    blinkLeft: at("eyeBlinkLeft"),
    blinkRight: at("eyeBlinkRight"),
    happy: moods * ramp(smile, 0.2, 0.9),
    angry: moods * ramp(meanOf(blendshapes, "browDown") + meanOf(blendshapes, "noseSneer") / 2 - smile, 0.3, 1),
    sad: moods * ramp(meanOf(blendshapes, "mouthFrown") + at("browInnerUp") / 2 - smile, 0.3, 1),
    surprised:
      moods *
      ramp((at("browInnerUp") + meanOf(blendshapes, "browOuterUp") + meanOf(blendshapes, "eyeWide")) / 3, 0.3, 0.8),
  };
}

function vowelsOf(blendshapes: Float32Array): Pick<PresetWeights, "aa" | "ih" | "ou" | "ee" | "oh"> {
  const at = (name: Parameters<typeof coefficient>[1]) => coefficient(blendshapes, name);
  const open = clamp01((at("jawOpen") - at("mouthClose")) / JAW_OF_AN_OPEN_VOWEL);
  const parted = clamp01(open + meanOf(blendshapes, "mouthLowerDown") / 2 + meanOf(blendshapes, "mouthUpperUp") / 2);
  const round = clamp01(at("mouthPucker") + at("mouthFunnel"));
  const wide = clamp01(meanOf(blendshapes, "mouthStretch") + meanOf(blendshapes, "mouthSmile") / 2) * (1 - round);
  const vowels = {
    ou: round * (1 - open), // rounded and nearly closed
    oh: round * open, // rounded and open
    ee: wide * open, // spread and open
    ih: wide * (1 - open) * parted, // spread, the teeth close together
    aa: open * (1 - round) * (1 - wide),
  };
  const sum = Object.values(vowels).reduce((total, weight) => total + weight, 0);
  if (sum <= 1) return vowels;
  return { ou: vowels.ou / sum, oh: vowels.oh / sum, ee: vowels.ee / sum, ih: vowels.ih / sum, aa: vowels.aa / sum };
}

function ramp(value: number, from: number, to: number): number {
  return clamp01((value - from) / (to - from));
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
