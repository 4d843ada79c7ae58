// Delivers items in batches, to limit how often the sidebar is updated.

export class Throttle<T> {
  readonly #deliver: (items: readonly T[]) => void;
  #seconds: number;
  #pending: T[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** With 0 seconds every item is delivered at once. */
  constructor(deliver: (items: readonly T[]) => void, seconds: number) {
    this.#deliver = deliver;
    this.#seconds = seconds;
  }

  set seconds(seconds: number) {
    this.#seconds = seconds;
    this.flush();
  }

  add(item: T): void {
    this.#pending.push(item);
    if (this.#timer !== undefined) return;
    // The first item after a pause is delivered at once.
    this.#flushNow();
  }

  flush(): void {
    this.dispose();
    this.#flushNow();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flushNow(): void {
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const items = this.#pending;
    this.#pending = [];
    if (this.#seconds > 0) this.#timer = setTimeout(() => this.#flushNow(), this.#seconds * 1000);
    this.#deliver(items);
  }
}
