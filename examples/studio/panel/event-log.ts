/** Lines that are kept; the oldest go. */
const MOST_LINES = 40;

/** What happened, newest first, each line with its time. */
export class EventLog {
  readonly #root: HTMLElement;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  add(text: string): void {
    const line = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = new Date().toLocaleTimeString([], {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hour12: false,
    });
    line.append(time, text);
    this.#root.prepend(line);
    while (this.#root.childElementCount > MOST_LINES) this.#root.lastElementChild!.remove();
  }
}
