/** One thing that was said. */
export type DialogueTurn = {
  readonly role: "user" | "avatar";
  readonly text: string;
  /** Seconds on the agent's clock. */
  readonly timeS: number;
};

/** Reads the mood of a conversation. Implement it to use a language model of your own. */
export interface AffectReasoner {
  /**
   * Says in a few words how the avatar should look, such as "warm and happy, gently amused".
   * @param history all turns so far, oldest first
   * @param signal aborted when newer turns have made the answer useless
   */
  infer(history: readonly DialogueTurn[], signal: AbortSignal): Promise<{ readonly text: string }>;
}
