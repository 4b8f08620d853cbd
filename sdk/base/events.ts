/** Options of {@link EventEmitter.on}. */
export type ListenOptions = {
  /** Heard once, then removed. @default false */
  readonly once?: boolean | undefined;
  /** Removes the listener when it is aborted. */
  readonly signal?: AbortSignal | undefined;
};

/** Typed events. `Events` maps a name to the payload that its listeners get. */
export class EventEmitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();
  readonly #onListenerError: (error: unknown, event: keyof Events) => void;

  /** @param onListenerError told what a listener threw; the other listeners still hear the event. @default reports it without stopping anything */
  constructor(onListenerError: (error: unknown, event: keyof Events) => void = reportUncaught) {
    this.#onListenerError = onListenerError;
  }

  /** Listens to an event. @returns removes the listener; calling it again does nothing */
  on<Name extends keyof Events>(
    event: Name,
    listener: (payload: Events[Name]) => void,
    options: ListenOptions = {},
  ): () => void {
    const { once = false, signal } = options;
    if (signal?.aborted) return () => {};
    const heard = (payload: Events[Name]) => {
      if (once) off();
      listener(payload);
    };
    const off = () => {
      this.#listeners.get(event)?.delete(heard);
      signal?.removeEventListener("abort", off);
    };
    signal?.addEventListener("abort", off, { once: true });
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(heard));
    return off;
  }

  /** Calls the listeners there are now, in the order in which they came. Never throws. */
  emit<Name extends keyof Events>(event: Name, payload: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as (payload: Events[Name]) => void)(payload);
      } catch (error) {
        this.#onListenerError(error, event);
      }
    }
  }

  /** How many listen to an event. */
  listenerCount(event: keyof Events): number {
    return this.#listeners.get(event)?.size ?? 0;
  }

  /** Removes every listener. */
  clear(): void {
    this.#listeners.clear();
  }
}

/** Browsers show it as an uncaught error; Node, where that would end the process, prints it. */
function reportUncaught(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error("a listener threw:", error);
}
