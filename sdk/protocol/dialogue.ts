/** One thing that was said. */
export type DialogueTurn = {
  readonly role: "user" | "avatar";
  readonly text: string;
  /** Seconds on the agent's clock. */
  readonly timeS: number;
};

/** Reads the mood of a conversation. Implement it to use a language model of your own. */
export interface AffectReasoner {
  /** How long an answer may take, in ms. @default 8000 */
  readonly timeoutMs?: number;
  /**
   * Says in a few words how the avatar should look, such as "warm and happy, gently amused".
   * @param history all turns so far, oldest first
   * @param signal aborted when newer turns have made the answer useless
   */
  infer(history: readonly DialogueTurn[], signal: AbortSignal): Promise<{ readonly text: string }>;
}

/** What is known of minutes of the user's behaviour. */
export type BehaviourEvidence = {
  /** One line for each stretch of time, oldest first: presence, voice, expression, gaze, movement of the head. */
  readonly notes: readonly string[];
  readonly dialogue: readonly DialogueTurn[];
  /** Pictures of the user as data addresses (JPEG), oldest first; empty unless `keyFrames` asks for them. */
  readonly pictures: readonly string[];
};

/**
 * High-level understanding (Phi, Eq. 8) by something larger than the pack's own network. Its words are embedded by the text encoder
 * and take the place of the network's answer until they are too old.
 */
export interface BehaviourUnderstanding {
  /** Asks for pictures of the user. They leave the machine with the question: only ever set because the person agreed. @default false */
  readonly keyFrames?: boolean;
  /** Time between two questions, in seconds. @default 20 */
  readonly everyS?: number;
  /** How long an answer may take, in ms. @default 15000 */
  readonly timeoutMs?: number;
  /** Says in a few phrases how the user is, such as "quite tired, attentive". */
  understand(evidence: BehaviourEvidence, signal: AbortSignal): Promise<{ readonly text: string }>;
}
