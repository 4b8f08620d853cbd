/** The emotion words that every pack's text encoder knows (docs/agent.md). */
// biome-ignore format: a word list
export const EMOTION_WORDS = ["neutral", "calm", "happy", "joyful", "amused", "warm", "excited", "proud", "surprised", "curious", "interested", "attentive", "thoughtful", "concerned", "sympathetic", "sad", "tired", "bored", "nervous", "afraid", "confused", "doubtful", "annoyed", "angry", "disgusted"] as const;

/** The intensity words that every pack's text encoder knows. */
export const INTENSITY_WORDS = ["slightly", "gently", "quite", "very"] as const;

/** Phrases that are kept of an answer. */
const MOST_PHRASES = 4;

/**
 * The phrases of a language model's answer that the text encoder knows: `"The avatar is **very happy**, and warm."` is
 * "very happy, warm". An empty text when there are none.
 */
export function knownPhrases(answer: string): string {
  const emotions: ReadonlySet<string> = new Set(EMOTION_WORDS);
  const intensities: ReadonlySet<string> = new Set(INTENSITY_WORDS);
  const words = answer.toLowerCase().match(/[a-z']+/g) ?? [];
  const phrases: string[] = [];
  words.forEach((word, i) => {
    if (!emotions.has(word) || words[i - 1] === "not" || words[i - 1] === "no") return;
    if (phrases.some((phrase) => phrase.endsWith(word))) return;
    const before = words[i - 1];
    phrases.push(before !== undefined && intensities.has(before) ? `${before} ${word}` : word);
  });
  return phrases.slice(0, MOST_PHRASES).join(", ");
}
