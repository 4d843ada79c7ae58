// Hands messages on in bursts, so that the sidebar draws no more often than the user wants.

export class Pace<T> {
  readonly #take: (items: readonly T[]) => void;
  #seconds: number;
  #waiting: T[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** With 0 seconds every item is handed on at once. */
  constructor(take: (items: readonly T[]) => void, seconds: number) {
    this.#take = take;
    this.#seconds = seconds;
  }

  set seconds(seconds: number) {
    this.#seconds = seconds;
    this.flush();
  }

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#timer !== undefined) return;
    // What comes after a silence is shown at once, and opens the next pause.
    this.#open();
  }

  flush(): void {
    this.dispose();
    this.#open();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #open(): void {
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const items = this.#waiting;
    this.#waiting = [];
    if (this.#seconds > 0) this.#timer = setTimeout(() => this.#open(), this.#seconds * 1000);
    this.#take(items);
  }
}
