import type { QualityLevel } from "echo-head";
import { Choice } from "./choice.js";

/** What each rung of the quality ladder is called here, and what it does. */
export const RUNGS: Readonly<Record<QualityLevel, readonly [name: string, what: string]>> = {
  full: ["Full", "25 pictures a second"],
  light: ["Light", "25, by the light decoder"],
  "half-rate": ["Half", "12 pictures a second"],
  "quarter-rate": ["Quarter", "6 pictures a second"],
  "few-steps": ["Fewer steps", "6, and calmer motion"],
  "eighth-rate": ["Eighth", "3, and calmer motion"],
  "motion-only": ["Motion only", "no pictures, blendshapes go on"],
};

type Item = { readonly id: "auto" | QualityLevel; readonly label: string; readonly what: string };

const ITEMS: readonly Item[] = [
  { id: "auto", label: "By itself", what: "the best that this machine holds" },
  ...Object.entries(RUNGS).map(([id, [label, what]]) => ({ id: id as QualityLevel, label, what })),
];

/** The quality ladder: choose a rung or leave it to the agent, and see on which one it stands. */
export class Ladder {
  readonly #root: HTMLElement;
  readonly #choice: Choice<Item>;

  constructor(root: HTMLElement, choose: (id: "auto" | QualityLevel) => void) {
    this.#root = root;
    this.#choice = new Choice(root, ITEMS, {
      className: "rung",
      fill: (button, { label, what }) => {
        const name = document.createElement("strong");
        name.textContent = label;
        const note = document.createElement("span");
        note.textContent = what;
        button.append(name, note);
      },
      choose: ({ id }) => choose(id),
    });
  }

  /** Which one is asked for. */
  mark(id: "auto" | QualityLevel): void {
    this.#choice.mark(id);
  }

  set disabled(value: boolean) {
    this.#choice.disabled = value;
  }

  /** On which one the agent stands. */
  stand(level: QualityLevel): void {
    for (const rung of this.#root.querySelectorAll<HTMLElement>(".rung"))
      rung.toggleAttribute("data-now", rung.dataset.id === level);
  }
}
