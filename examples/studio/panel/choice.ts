/** One entry of a {@link Choice}. */
export type ChoiceItem = { readonly id: string; readonly label: string };

/**
 * A row of buttons of which one is chosen, as a radio group: one stop for the Tab key, arrows move and choose.
 */
export class Choice<Item extends ChoiceItem> {
  readonly #buttons = new Map<string, HTMLButtonElement>();
  readonly #root: HTMLElement;

  constructor(
    root: HTMLElement,
    items: readonly Item[],
    options: { className: string; fill(button: HTMLButtonElement, item: Item): void; choose(item: Item): void },
  ) {
    this.#root = root;
    for (const item of items) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = options.className;
      button.setAttribute("role", "radio");
      button.setAttribute("aria-label", item.label);
      button.title = item.label;
      button.dataset.id = item.id;
      options.fill(button, item);
      button.addEventListener("click", () => {
        this.mark(item.id);
        options.choose(item);
      });
      root.append(button);
      this.#buttons.set(item.id, button);
    }
    root.addEventListener("keydown", (event) => this.#move(event));
    const first = items[0];
    if (first) this.mark(first.id);
  }

  /** Shows which one is chosen. */
  mark(id: string): void {
    for (const [each, button] of this.#buttons) {
      button.setAttribute("aria-checked", String(each === id));
      button.tabIndex = each === id ? 0 : -1;
    }
  }

  set disabled(value: boolean) {
    for (const button of this.#buttons.values()) button.disabled = value;
  }

  #move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const buttons = [...this.#root.querySelectorAll<HTMLButtonElement>("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = buttons[(at + step + buttons.length) % buttons.length]!;
    next.focus();
    next.click();
  }
}
