import type { EchoAgent } from "echo-head";
import { Reader, type ReaderNews } from "../reader.js";
import { Choice } from "./choice.js";

const READERS = [
  { id: "offline", label: "Built in" },
  { id: "model", label: "A language model" },
] as const;

const PRIVATE = "Nothing you say or show leaves it.";

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

/** The page of moods: what the head feels, something to say to it, and who reads the words. */
export class MoodPanel {
  readonly reader = new Reader((news) => this.#tell(news));
  readonly #agent: () => EchoAgent | null;
  readonly #use = find<HTMLButtonElement>("endpoint-use");
  readonly #status = find("reader-status");
  #model = "";

  constructor(agent: () => EchoAgent | null) {
    this.#agent = agent;
    new Choice(find("readers"), READERS, {
      className: "choice",
      fill: (button, { label }) => button.append(label),
      choose: ({ id }) => this.#choose(id),
    });
    find<HTMLFormElement>("endpoint").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#useModel();
    });
    find<HTMLFormElement>("say").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#choose("offline");
  }

  /** @param text of the agent's affect */
  show(text: string): void {
    find("affect").textContent = text;
  }

  #choose(id: (typeof READERS)[number]["id"]): void {
    find("endpoint").hidden = id === "offline";
    if (id === "offline") {
      this.reader.useOffline();
      this.#show("A list of English words and the last turns, without any network.", "calm");
      find("privacy").textContent = PRIVATE;
    } else {
      this.#show("", "calm");
    }
  }

  async #useModel(): Promise<void> {
    const value = (id: string) => find<HTMLInputElement>(id).value.trim();
    const baseUrl = value("endpoint-url");
    this.#use.disabled = true;
    try {
      this.#model = value("endpoint-model");
      await this.reader.use({ baseUrl, model: this.#model, apiKey: value("endpoint-key") });
      find("privacy").textContent = `The words of the conversation go to ${new URL(baseUrl).host}, nothing else does.`;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      this.#show(`${words} The built-in list goes on.`, "wrong");
      find("privacy").textContent = PRIVATE;
    } finally {
      this.#use.disabled = false;
    }
  }

  #say(): void {
    const input = find<HTMLInputElement>("say-text");
    const text = input.value.trim() || input.placeholder;
    this.#agent()?.dialogue.add({ role: "user", text });
    input.value = "";
    input.placeholder = text;
  }

  #tell(news: ReaderNews): void {
    if (news.kind === "asked") this.#show(`${this.#model} is thinking ...`, "calm");
    else if (news.kind === "failed") this.#show(`${news.words} The last mood stays.`, "wrong");
    else this.#show(`${this.#model} answered in ${(news.tookMs / 1_000).toFixed(1)} s: ${news.text}`, "right");
  }

  #show(text: string, tone: "calm" | "right" | "wrong"): void {
    this.#status.textContent = text;
    this.#status.dataset.tone = tone;
  }
}
