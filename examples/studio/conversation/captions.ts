/** Two lines of text over the stage: what the user says and what the head says. */
export class Captions {
  readonly #lines: Record<"user" | "avatar", HTMLElement>;

  constructor(lines: Record<"user" | "avatar", HTMLElement>) {
    this.#lines = lines;
  }

  /** @param text null takes the line away */
  show(role: "user" | "avatar", text: string | null): void {
    const line = this.#lines[role];
    line.hidden = text === null;
    if (text !== null) line.textContent = text;
  }
}
