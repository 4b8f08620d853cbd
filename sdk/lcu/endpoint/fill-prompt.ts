import { checkKeys, checkText } from "../../base/option-checks.js";
import type { DialogueTurn } from "../../protocol/dialogue.js";
import { EMOTION_WORDS, INTENSITY_WORDS } from "../affect-words.js";

/** What a model is told: who it is, and the question. */
export type PromptTemplate = { readonly system: string; readonly user: string };

/** Refuses anything but two texts. */
export function checkPrompt(prompt: PromptTemplate, path: string): void {
  checkKeys(prompt, path, ["system", "user"]);
  checkText(prompt.system, `${path}.system`);
  checkText(prompt.user, `${path}.user`);
}

/** Puts values in the place of the words in braces; {emotions} and {intensities} are always known. Other braces stay. */
export function fillPrompt(template: string, values: Readonly<Record<string, string>>): string {
  const all: Record<string, string> = {
    emotions: EMOTION_WORDS.join(", "),
    intensities: INTENSITY_WORDS.join(", "),
    ...values,
  };
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => all[name] ?? whole);
}

/** The last turns, one a line, with how long ago each was said. */
export function dialogueLines(history: readonly DialogueTurn[], most: number): string {
  const last = history[history.length - 1];
  if (last === undefined) return "(nothing yet)";
  return history
    .slice(-most)
    .map(
      ({ role, text, timeS }) => `[${Math.round(last.timeS - timeS)} s ago] ${role}: ${text.replaceAll(/\s+/g, " ")}`,
    )
    .join("\n");
}
