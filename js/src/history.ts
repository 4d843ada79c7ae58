// The last minutes of the charted values, as columns of equal length.
import {
  CHARTED_METRICS as CHARTED,
  MODEL_CHARTED_METRICS as CHARTED_OF_MODELS,
  type ChartedMetric as Charted,
} from "./contract.gen";
import { isNumber, isObject } from "./decode";
import type { Maybe } from "./format";

export { CHARTED, CHARTED_OF_MODELS, type Charted };

/** What is charted of one moment; a column that has no part in it is unknown then. */
export type ChartPoint = Readonly<Partial<Record<Charted, Maybe>>>;

export const SPAN_SECONDS = 300;
/** Points closer than this replace each other: more would not be seen, but drawn. */
const CLOSEST_SECONDS = 0.5;

export class History {
  readonly at: number[] = [];
  readonly columns: Readonly<Record<Charted, Maybe[]>>;
  readonly #kept: readonly Charted[];

  /** Columns that are not kept stay empty. */
  constructor(kept: readonly Charted[] = CHARTED) {
    this.#kept = kept;
    const columns = CHARTED.map((name) => [name, []]);
    this.columns = Object.fromEntries(columns) as Record<Charted, Maybe[]>;
  }

  /** Takes the columns that come with a fresh view; what does not fit is left out. */
  load(value: unknown): void {
    const source = isObject(value) ? value : {};
    const times: unknown[] = Array.isArray(source["at"]) ? source["at"] : [];
    this.#forget(this.at.length);
    times.forEach((at, row) => {
      if (!isNumber(at) || at <= (this.at.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
      this.#push(at, (name) => {
        const column = source[name];
        const item: unknown = Array.isArray(column) ? column[row] : null;
        return isNumber(item) ? item : null;
      });
    });
    this.#forgetOld();
  }

  /**
   * Takes a point, and says whether that is worth drawing: not when it only replaces one of
   * the same half second, and not when it is older than the newest, which it cannot follow.
   */
  add(at: number, point: ChartPoint, gap = Number.POSITIVE_INFINITY): boolean {
    const last = this.at.at(-1);
    if (last !== undefined && at < last) return false;
    const previous = this.at.at(-2);
    const before = this.at.length;
    if (last !== undefined && previous !== undefined && last - previous < CLOSEST_SECONDS) {
      this.#pop();
    } else if (last !== undefined && at - last > gap) {
      this.#push((last + at) / 2, () => null);
    }
    if (at === this.at.at(-1)) this.#pop();
    this.#push(at, (name) => point[name] ?? null);
    const grown = this.at.length > before;
    this.#forgetOld();
    return grown;
  }

  #push(at: number, read: (name: Charted) => Maybe): void {
    this.at.push(at);
    for (const name of this.#kept) this.columns[name].push(read(name));
  }

  #pop(): void {
    this.at.pop();
    for (const name of this.#kept) this.columns[name].pop();
  }

  /** Leaves out the first `count` points. */
  #forget(count: number): void {
    this.at.splice(0, count);
    for (const name of this.#kept) this.columns[name].splice(0, count);
  }

  #forgetOld(): void {
    const oldest = (this.at.at(-1) ?? 0) - SPAN_SECONDS;
    const first = this.at.findIndex((at) => at >= oldest);
    if (first > 0) this.#forget(first);
  }
}
