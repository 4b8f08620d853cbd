import { megabytes, type Progress } from "../loading.js";
import { describeProblem } from "../problems.js";

/** Loading, small notices and failures, in words. */
export class Messages {
  readonly #find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
  #toastTimer: ReturnType<typeof setTimeout> | undefined;

  /** What is going on while there is no head yet. */
  loading(title: string, progress: Progress | null): void {
    this.#find("loading").hidden = false;
    this.#find("loading-title").textContent = title;
    const share = progress ? progress.loaded / Math.max(1, progress.total) : 1;
    this.#find("loading-fill").style.width = `${(100 * share).toFixed(1)}%`;
    this.#find("loading-bar").setAttribute("aria-valuenow", (100 * share).toFixed(0));
    this.#find("loading-detail").textContent = progress
      ? `${megabytes(progress.loaded)} of ${megabytes(progress.total)}`
      : " ";
  }

  loaded(): void {
    this.#find("loading").hidden = true;
  }

  /** A line that goes away by itself. */
  toast(text: string): void {
    const toast = this.#find("toast");
    toast.hidden = false;
    toast.textContent = text;
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => {
      toast.hidden = true;
    }, 6000);
  }

  /** The page cannot go on: says why, and offers another try. */
  fail(error: unknown, retry: () => void): void {
    this.loaded();
    const problem = describeProblem(error);
    this.#find("problem-text").textContent = problem.text;
    this.#find("problem-code").textContent = problem.code;
    const dialog = this.#find<HTMLDialogElement>("problem");
    dialog.addEventListener("close", () => dialog.returnValue === "retry" && retry(), { once: true });
    if (!dialog.open) dialog.showModal();
  }

  /** Something that a person asked for did not work; the page goes on. */
  refuse(error: unknown): void {
    const problem = describeProblem(error);
    this.toast(`${problem.text} (${problem.code})`);
  }
}
