/** Kinds of feeling that the offline reasoner tells apart beyond good and bad. */
export type MoodKind =
  | "joy"
  | "amusement"
  | "sadness"
  | "anger"
  | "fear"
  | "surprise"
  | "confusion"
  | "tiredness"
  | "affection";

/** Words that name a feeling or go with it. Short on purpose: good and bad come from AFINN, these only say which kind. */
// biome-ignore format: word lists
export const MOOD_WORDS: Readonly<Record<MoodKind, readonly string[]>> = {
  joy: ["happy", "glad", "great", "wonderful", "fantastic", "awesome", "amazing", "excellent", "yay", "hooray", "delighted", "excited", "won", "celebrate", "congratulations", "congrats", "promoted", "birthday", "married", "perfect", "brilliant", "enjoyed", "thrilled"],
  amusement: ["haha", "hahaha", "hehe", "lol", "lmao", "rofl", "funny", "hilarious", "joke", "joking", "laugh", "laughed", "laughing", "silly", "giggle"],
  sadness: ["sad", "unhappy", "cry", "crying", "cried", "tears", "died", "death", "dead", "funeral", "passed", "lost", "lose", "miss", "missed", "lonely", "alone", "depressed", "heartbroken", "grief", "grieving", "mourning", "hurt", "hurts", "divorce", "broke", "sick", "ill", "cancer", "hospital", "sorry", "disappointed", "hopeless", "fired", "failed"],
  anger: ["angry", "mad", "furious", "hate", "hates", "hated", "annoyed", "annoying", "outraged", "outrageous", "ridiculous", "unacceptable", "idiot", "idiots", "stupid", "liar", "damn", "hell", "rude", "unfair", "fed", "pissed", "screw", "terrible", "worst", "disgusting"],
  fear: ["afraid", "scared", "scary", "terrified", "worried", "worry", "worries", "anxious", "nervous", "panic", "panicking", "fear", "frightened", "dangerous", "threat", "stressed", "stress"],
  surprise: ["wow", "whoa", "unbelievable", "incredible", "surprised", "surprising", "surprise", "omg", "suddenly", "unexpected", "unexpectedly", "shocked", "really"],
  confusion: ["confused", "confusing", "unsure", "puzzled", "lost", "what", "huh", "unclear", "understand", "why", "how", "weird", "strange"],
  tiredness: ["tired", "exhausted", "sleepy", "sleep", "yawn", "bored", "boring", "drained", "weary"],
  affection: ["love", "loved", "loves", "thank", "thanks", "thankful", "grateful", "appreciate", "dear", "hug", "kind", "sweet", "friend", "friends", "welcome"],
};

/** Words that turn the next few words round. */
// biome-ignore format: word lists
export const NEGATIONS: ReadonlySet<string> = new Set(["not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "cannot", "without", "hardly", "barely", "isn't", "wasn't", "aren't", "weren't", "don't", "doesn't", "didn't", "won't", "wouldn't", "can't", "couldn't", "shouldn't", "haven't", "hasn't", "hadn't", "ain't"]);

/** Words that make the next word stronger or weaker, and by how much. */
// biome-ignore format: word lists
export const INTENSIFIERS: Readonly<Record<string, number>> = { very: 1.4, really: 1.4, so: 1.3, extremely: 1.6, incredibly: 1.6, totally: 1.4, absolutely: 1.5, completely: 1.4, too: 1.2, super: 1.4, quite: 1.1, somewhat: 0.7, slightly: 0.5, bit: 0.6, little: 0.6, kinda: 0.7, rather: 0.9 };
