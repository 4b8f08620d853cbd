import type { AffectReasoner, DialogueTurn } from "../protocol/dialogue.js";
import { type Mood, moodOf } from "./mood.js";

/** The affect when nothing is known. */
export const NEUTRAL_AFFECT = "neutral, calm";

/**
 * Reads the affect of the avatar off the words alone, without any network: the mood of the user and the avatar's own, apart, each
 * fading over minutes. The avatar shares joy; it answers sadness, fear and anger with concern, sympathy and calm, never in kind.
 */
export class OfflineReasoner implements AffectReasoner {
  /** Never rejects; the text is made of the pack's emotion words and intensities. */
  async infer(history: readonly DialogueTurn[]): Promise<{ readonly text: string }> {
    const last = history[history.length - 1];
    if (last === undefined) return { text: NEUTRAL_AFFECT };
    return { text: affectText(moodOf(history, "user", last.timeS), moodOf(history, "avatar", last.timeS)) };
  }
}

/** The affect text for a user's mood and the avatar's own: at most three phrases, strongest first. */
export function affectText(user: Mood, avatar: Mood): string {
  const phrases: [string, number][] = [];
  const add = (word: string, strength: number): void => {
    const known = phrases.find(([other]) => other === word);
    if (known) known[1] = Math.max(known[1], strength);
    else phrases.push([word, strength]);
  };
  const trouble = Math.max(user.kinds.sadness, user.kinds.fear, user.kinds.anger, -user.valence);
  const troubled = trouble > 0.25 && user.valence < 0.1;
  if (troubled) {
    if (user.kinds.anger > Math.max(user.kinds.sadness, user.kinds.fear)) {
      add("calm", trouble);
      add("concerned", 0.8 * trouble);
      add("attentive", 0.6 * trouble);
    } else if (user.kinds.fear > user.kinds.sadness) {
      add("concerned", trouble);
      add("calm", 0.9 * trouble);
      add("attentive", 0.6 * trouble);
    } else {
      add("concerned", trouble);
      add("sympathetic", 0.95 * trouble);
      add("calm", 0.5 * trouble);
    }
  } else {
    const good = Math.max(0, user.valence);
    if (user.kinds.amusement > 0.2) add("amused", user.kinds.amusement);
    if (good > 0.15 || user.kinds.joy > 0.2) {
      const joy = Math.max(good, user.kinds.joy);
      add(joy > 0.75 ? "joyful" : "happy", joy);
      if (user.kinds.joy > 0.7 && good > 0.6) add("excited", 0.8 * joy);
    }
    if (user.kinds.affection > 0.2) add("warm", user.kinds.affection);
    if (user.kinds.surprise > 0.4) add("surprised", 0.7 * user.kinds.surprise);
    if (user.kinds.tiredness > 0.3) add("calm", user.kinds.tiredness);
  }
  if (user.kinds.confusion > 0.3 && user.asking > 0.3) add("thoughtful", 0.6 * user.asking);
  if (user.asking > 0.3) add(troubled ? "attentive" : "curious", 0.5 * user.asking);
  // The avatar's own words colour its face too, the good ones and the sorry ones.
  if (!troubled && avatar.valence > 0.2) add(avatar.kinds.amusement > 0.3 ? "amused" : "warm", 0.7 * avatar.valence);
  if (avatar.valence < -0.2) add(avatar.kinds.sadness > 0.2 ? "sympathetic" : "concerned", -0.7 * avatar.valence);
  if (!troubled && avatar.kinds.surprise > 0.5 && avatar.valence > -0.2) add("surprised", 0.5 * avatar.kinds.surprise);
  const strongest = phrases
    .filter(([, strength]) => strength > 0.12)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3);
  if (strongest.length === 0) return NEUTRAL_AFFECT;
  return strongest.map(([word, strength]) => `${intensityOf(strength)}${word}`).join(", ");
}

function intensityOf(strength: number): string {
  if (strength > 0.85) return "very ";
  if (strength > 0.6) return "quite ";
  if (strength > 0.35) return "";
  return strength > 0.22 ? "gently " : "slightly ";
}
