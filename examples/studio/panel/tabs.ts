/** Tabs of which one shows its page: one stop for the Tab key, arrows, Home and End move and show. */
export class Tabs {
  readonly #tabs: readonly HTMLButtonElement[];
  readonly #changed: () => void;

  /** @param root a tablist whose buttons name their pages by aria-controls @param changed another page is shown */
  constructor(root: HTMLElement, changed: () => void) {
    this.#tabs = [...root.querySelectorAll<HTMLButtonElement>('[role="tab"]')];
    this.#changed = changed;
    for (const tab of this.#tabs) tab.addEventListener("click", () => this.show(tab.id));
    root.addEventListener("keydown", (event) => this.#move(event));
    this.show(this.#tabs[0]!.id);
  }

  /** @param id of the tab */
  show(id: string): void {
    for (const tab of this.#tabs) {
      const shown = tab.id === id;
      tab.setAttribute("aria-selected", String(shown));
      tab.tabIndex = shown ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")!)!.hidden = !shown;
    }
    this.#changed();
  }

  #move(event: KeyboardEvent): void {
    const at = this.#tabs.indexOf(document.activeElement as HTMLButtonElement);
    const last = this.#tabs.length - 1;
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[
      event.key
    ];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    this.#tabs[next]!.focus();
    this.show(this.#tabs[next]!.id);
  }
}
