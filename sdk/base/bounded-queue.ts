/** A queue with a bound: when it is full the oldest item is dropped and counted. */
export class BoundedQueue<T> {
  readonly capacity: number;
  readonly #onDrop: (item: T) => void;
  readonly #items: T[] = [];
  #dropped = 0;

  /** @param capacity at least 1; @param onDrop gets each dropped item, to close it */
  constructor(capacity: number, onDrop: (item: T) => void = () => {}) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new TypeError(`capacity must be a whole number of at least 1, not ${capacity}`);
    }
    this.capacity = capacity;
    this.#onDrop = onDrop;
  }

  /** Items waiting now. */
  get length(): number {
    return this.#items.length;
  }

  /** Items dropped since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    this.#items.push(item);
    if (this.#items.length > this.capacity) {
      this.#dropped++;
      this.#onDrop(this.#items.shift() as T);
    }
  }

  /** The oldest item, or undefined. */
  shift(): T | undefined {
    return this.#items.shift();
  }

  /** Looks at the oldest item. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Takes every item out without counting them as dropped. */
  drain(): T[] {
    return this.#items.splice(0);
  }
}
