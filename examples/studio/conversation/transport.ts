import type { Conversation } from "./conversation.js";
import { drawLanes } from "./lanes.js";

/** The parts of the bar below the head that belong to the conversation. */
export type TransportElements = {
  readonly bar: HTMLElement;
  readonly play: HTMLButtonElement;
  readonly seek: HTMLInputElement;
  readonly lanes: HTMLCanvasElement;
  readonly time: HTMLOutputElement;
};

/** Play, pause, and the place in the conversation. It shows what it is told and reports what a person does. */
export class Transport {
  readonly #elements: TransportElements;
  #conversation: Conversation | null = null;
  #positionS = 0;

  constructor(elements: TransportElements, actions: { toggle(): void; seek(timeS: number): void }) {
    this.#elements = elements;
    elements.play.addEventListener("click", () => actions.toggle());
    elements.seek.addEventListener("input", () => actions.seek(elements.seek.valueAsNumber));
    new ResizeObserver(() => this.#draw()).observe(elements.lanes);
  }

  /** The conversation can be played from now on. */
  ready(conversation: Conversation): void {
    this.#conversation = conversation;
    this.#elements.play.disabled = false;
    this.#elements.seek.disabled = false;
    this.#elements.seek.max = conversation.durationS.toFixed(1);
    this.move(0);
  }

  move(timeS: number): void {
    this.#positionS = timeS;
    const { seek, time } = this.#elements;
    seek.value = timeS.toFixed(1);
    const words = clock(timeS);
    if (time.textContent !== words) {
      time.textContent = words;
      seek.setAttribute("aria-valuetext", `${words} of ${clock(this.#conversation?.durationS ?? 0)}`);
    }
    this.#draw();
  }

  set playing(value: boolean) {
    const { bar, play } = this.#elements;
    bar.classList.toggle("playing", value);
    const label = value ? "Pause the conversation" : "Play the sample conversation";
    play.setAttribute("aria-label", label);
    play.title = `${label} (space)`;
  }

  #draw(): void {
    if (this.#conversation) drawLanes(this.#elements.lanes, this.#conversation, this.#positionS);
  }
}

/** 75.2 -> "1:15" */
export function clock(timeS: number): string {
  const seconds = Math.floor(timeS);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
