// NOTICE: Node 20 has Symbol.asyncDispose, Safari and older Chromium do not; `await using` needs it. Goes when they have it.
(Symbol as { asyncDispose: symbol }).asyncDispose ??= Symbol.for("Symbol.asyncDispose");

/** Something with an end. */
export interface Disposable {
  dispose(): void | Promise<void>;
}

/** Owns what was created along the way and ends it in reverse order, once. */
export class DisposableStore implements Disposable {
  readonly #entries: (() => unknown)[] = [];
  #disposing: Promise<void> | undefined;

  /** True from the first call of dispose(). */
  get disposed(): boolean {
    return this.#disposing !== undefined;
  }

  /** Takes ownership and hands the thing back. What comes after dispose() is ended at once. */
  add<T extends Disposable | (() => unknown)>(owned: T): T {
    const end: () => unknown =
      typeof owned === "function" ? (owned as () => unknown) : () => (owned as Disposable).dispose();
    if (this.disposed) {
      void Promise.resolve().then(end);
    } else {
      this.#entries.push(end);
    }
    return owned;
  }

  /** Ends everything, newest first, also when one of them throws. @throws the first error (AggregateError for several) */
  dispose(): Promise<void> {
    this.#disposing ??= this.#disposeAll();
    return this.#disposing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #disposeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (let end = this.#entries.pop(); end !== undefined; end = this.#entries.pop()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} errors while disposing`);
  }
}
