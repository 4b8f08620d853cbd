import { fetchBytes } from "../loading.js";
import { findSpeech, type SpeechSegment } from "./speech-segments.js";

/** One thing that was said. */
export type Turn = {
  readonly role: "user" | "avatar";
  readonly text: string;
  /** When the text is known, seconds: a user's words at the end, as a speech recogniser gives them; the avatar's at the start. */
  readonly t: number;
  /** When it is heard. */
  readonly span: SpeechSegment;
};

/** A face: coefficients by name, absent ones are 0, and where it looks, in radians. */
export type Face = {
  readonly blendshapes: Readonly<Record<string, number>>;
  readonly pose?: { readonly yaw: number; readonly pitch: number; readonly roll: number };
};

/** The user's face at one time, a line of face.jsonl. */
export type FaceLine = Face & { readonly t: number };

/** A recorded conversation: two voices, what they say, and the user's face. */
export type Conversation = {
  readonly durationS: number;
  readonly user: AudioBuffer;
  readonly avatar: AudioBuffer;
  readonly userSpeech: readonly SpeechSegment[];
  readonly avatarSpeech: readonly SpeechSegment[];
  readonly turns: readonly Turn[];
  readonly face: readonly FaceLine[];
};

/**
 * Loads `conversation.user.wav`, `.avatar.wav`, `.json` and `.face.jsonl` from a folder.
 * @param base its URL, with a slash at the end
 */
export async function loadConversation(base: string, context: BaseAudioContext): Promise<Conversation> {
  const read = (name: string) => fetchBytes(`${base}conversation.${name}`);
  const [userWav, avatarWav, json, jsonl] = await Promise.all([
    read("user.wav"),
    read("avatar.wav"),
    read("json"),
    read("face.jsonl"),
  ]);
  const [user, avatar] = await Promise.all([context.decodeAudioData(userWav), context.decodeAudioData(avatarWav)]);
  const text = new TextDecoder();
  const userSpeech = findSpeech(user.getChannelData(0), user.sampleRate);
  const avatarSpeech = findSpeech(avatar.getChannelData(0), avatar.sampleRate);
  const turns = (JSON.parse(text.decode(json)) as Omit<Turn, "span">[])
    .map((turn) => ({ ...turn, span: nearestSpan(turn.role === "user" ? userSpeech : avatarSpeech, turn.t) }))
    .toSorted((a, b) => a.t - b.t);
  const face = text
    .decode(jsonl)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as FaceLine);
  return {
    durationS: Math.max(user.duration, avatar.duration),
    user,
    avatar,
    userSpeech,
    avatarSpeech,
    turns,
    face,
  };
}

/** The stretch of speech to which a time belongs: the one that holds it, else the nearest. */
export function nearestSpan(speech: readonly SpeechSegment[], timeS: number): SpeechSegment {
  const distance = ({ startS, endS }: SpeechSegment) => Math.max(startS - timeS, timeS - endS, 0);
  let best: SpeechSegment = { startS: timeS, endS: timeS + 3 }; // no sound at all: three seconds to read it
  let least = Number.POSITIVE_INFINITY;
  for (const segment of speech) {
    if (distance(segment) < least) {
      best = segment;
      least = distance(segment);
    }
  }
  return best;
}

/** The last line at or before a time, or null. Lines are sorted by time. */
export function faceAt(face: readonly FaceLine[], timeS: number): FaceLine | null {
  let low = 0;
  let high = face.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (face[middle]!.t <= timeS) low = middle + 1;
    else high = middle;
  }
  return face[low - 1] ?? null;
}
