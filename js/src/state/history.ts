// The last minutes of the charted metrics, as columns of equal length.

import { CHARTED_METRICS, type ChartedMetric } from "../schema/contract.gen";
import { isNumber, isObject } from "../schema/decode";
import type { Maybe } from "../text/format";

/** The charted metrics at one time; a missing metric is unknown. */
export type HistorySample = Readonly<Partial<Record<ChartedMetric, Maybe>>>;

export const SPAN_SECONDS = 300;
/** A sample closer to the previous one than this replaces it, to limit redraws. */
const MIN_SPACING_SECONDS = 0.5;
/** A sample that is older than the newest by more than this shows that the clock was set back. */
const MAX_LATE_SECONDS = 2;

export class History {
  readonly at: number[] = [];
  readonly columns: Readonly<Record<ChartedMetric, Maybe[]>>;
  readonly #metrics: readonly ChartedMetric[];

  /** Columns of metrics that are not in `metrics` stay empty. */
  constructor(metrics: readonly ChartedMetric[] = CHARTED_METRICS) {
    this.#metrics = metrics;
    const columns = CHARTED_METRICS.map((name) => [name, []]);
    this.columns = Object.fromEntries(columns) as Record<ChartedMetric, Maybe[]>;
  }

  /** Replaces the history by columns from the kernel; skips samples that are not valid. */
  load(value: unknown): void {
    const source = isObject(value) ? value : {};
    const times: unknown[] = Array.isArray(source["at"]) ? source["at"] : [];
    this.#dropFirst(this.at.length);
    times.forEach((at, row) => {
      if (!isNumber(at) || at <= (this.at.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
      this.#push(at, (name) => {
        const column = source[name];
        const item: unknown = Array.isArray(column) ? column[row] : null;
        return isNumber(item) ? item : null;
      });
    });
    this.#dropExpired();
  }

  /**
   * Adds a sample; returns whether charts have to be redrawn: not if the sample replaces one of the
   * same half second, and not if it is ignored because it is older than the newest.
   */
  add(at: number, point: HistorySample, gap = Number.POSITIVE_INFINITY): boolean {
    // A kernel whose clock was set back goes on from there: what lies ahead is from before.
    if (at < (this.at.at(-1) ?? at) - MAX_LATE_SECONDS) {
      while (at < (this.at.at(-1) ?? at)) this.#pop();
    }
    const last = this.at.at(-1);
    if (last !== undefined && at < last) return false;
    const previous = this.at.at(-2);
    const before = this.at.length;
    if (last !== undefined && previous !== undefined && last - previous < MIN_SPACING_SECONDS) {
      this.#pop();
    } else if (last !== undefined && at - last > gap) {
      this.#push((last + at) / 2, () => null);
    }
    if (at === this.at.at(-1)) this.#pop();
    this.#push(at, (name) => point[name] ?? null);
    const grown = this.at.length > before;
    this.#dropExpired();
    return grown;
  }

  #push(at: number, read: (name: ChartedMetric) => Maybe): void {
    this.at.push(at);
    for (const name of this.#metrics) this.columns[name].push(read(name));
  }

  #pop(): void {
    this.at.pop();
    for (const name of this.#metrics) this.columns[name].pop();
  }

  /** Removes the first `count` samples. */
  #dropFirst(count: number): void {
    this.at.splice(0, count);
    for (const name of this.#metrics) this.columns[name].splice(0, count);
  }

  #dropExpired(): void {
    const oldest = (this.at.at(-1) ?? 0) - SPAN_SECONDS;
    const first = this.at.findIndex((at) => at >= oldest);
    if (first > 0) this.#dropFirst(first);
  }
}
