import { checkNumber } from "../base/option-checks.js";
import type { DialogueTurn } from "../protocol/dialogue.js";
import { checkTurn } from "../render/render-options.js";

/** What the user and the avatar have said to each other, as text. */
export class DialogueInput {
  readonly #sink: { readonly nowMs: number; addTurn(turn: DialogueTurn): void };

  /** @internal */
  constructor(sink: { readonly nowMs: number; addTurn(turn: DialogueTurn): void }) {
    this.#sink = sink;
  }

  /**
   * Adds what was said; the affect of the avatar follows in its own time. `timeS` is on the agent's clock. @default now
   * Throws a `TypeError` for an unknown role or an empty text and EchoError `disposed` after `dispose()`.
   */
  add(turn: { readonly role: "user" | "avatar"; readonly text: string; readonly timeS?: number | undefined }): void {
    checkTurn(turn, "turn");
    const { role, text, timeS = this.#sink.nowMs / 1_000 } = turn;
    checkNumber(timeS, "turn.timeS");
    this.#sink.addTurn({ role, text, timeS });
  }
}
