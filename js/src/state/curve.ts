// One curve: columns of buckets in the order of the run, each of one or several values.
import type { CurveChunk } from "../schema/contract.gen";
import type { Maybe } from "../text/format";

/** Pairs of buckets are merged at twice the kernel's limit, so that a page has at least as many. */
const MAX_BUCKETS = 4_096;

export class Curve {
  /** Step of the first and of the last value of each bucket, and the time of the last. */
  readonly first: number[] = [];
  readonly step: number[] = [];
  readonly seconds: number[] = [];
  /** Of the finite values; null if there is none. */
  readonly mean: Maybe[] = [];
  readonly low: Maybe[] = [];
  readonly high: Maybe[] = [];
  readonly count: number[] = [];
  /** How many of `count` were NaN or infinite. */
  readonly bad: number[] = [];
  /** What the first of these was: 0 for NaN, 1 and -1 for infinity; null if it is not known. */
  readonly badSign: Maybe[] = [];
  /** Number of values in all buckets. */
  total = 0;
  /** How often buckets were changed other than by adding at the end. */
  changes = 0;
  /** Whether the kernel has values between those that came. */
  sampled = false;

  get length(): number {
    return this.step.length;
  }

  /** Adds the buckets of a chunk. After a lost message a bucket without values is a gap. */
  add(chunk: CurveChunk): void {
    const { start, step } = chunk;
    if (start === 0) this.#clear();
    while (this.length > 0 && this.total > start) this.#pop();
    if (this.total < start && this.length > 0) {
      const at = this.step.at(-1) ?? 0;
      this.#push(at, at, this.seconds.at(-1) ?? 0, null, null, null, 0, 0, null);
    }
    this.total = start;
    for (let i = 0; i < step.length; i += 1) this.#push(...bucketOf(chunk, i));
    if (this.length > MAX_BUCKETS) this.#merge();
  }

  /**
   * Replaces buckets by finer ones of the same steps. Where the step goes back, and where no
   * bucket begins and ends with one of the chunk, nothing changes.
   */
  refine(chunk: CurveChunk): void {
    const finer = new Curve();
    finer.add({ ...chunk, start: 0 });
    let [from, to] = [0, this.length];
    let [first, last] = [0, finer.length];
    for (;;) {
      const begin = (this.first[from] ?? 0) - (finer.first[first] ?? 0);
      const end = (this.step[to - 1] ?? 0) - (finer.step[last - 1] ?? 0);
      if (from >= to || first >= last) return;
      if (begin < 0) from += 1;
      else if (begin > 0) first += 1;
      else if (end > 0) to -= 1;
      else if (end < 0) last -= 1;
      else break;
    }
    if (last - first <= to - from || !this.#rises(from, to) || !finer.#rises(first, last)) return;
    this.changes += 1;
    const columns = finer.#columns;
    this.#columns.forEach((column, i) => {
      column.splice(from, to - from, ...(columns[i]?.slice(first, last) ?? []));
    });
  }

  /** Returns whether the step never goes back between two buckets. */
  #rises(from: number, to: number): boolean {
    for (let i = from + 1; i < to; i += 1) {
      if ((this.first[i] ?? 0) < (this.step[i - 1] ?? 0)) return false;
    }
    return true;
  }

  /** Adds one value, unless its step is not after the last. */
  sample(step: number, seconds: number, value: Maybe): void {
    if (step <= (this.step.at(-1) ?? Number.NEGATIVE_INFINITY)) return;
    this.sampled = true;
    this.#push(step, step, seconds, value, value, value, 1, value === null ? 1 : 0, null);
    if (this.length > MAX_BUCKETS) this.#merge();
  }

  #push(
    first: number,
    step: number,
    seconds: number,
    mean: Maybe,
    low: Maybe,
    high: Maybe,
    count: number,
    bad: number,
    badSign: Maybe,
  ): void {
    this.first.push(first);
    this.step.push(step);
    this.seconds.push(seconds);
    this.mean.push(mean);
    this.low.push(low);
    this.high.push(high);
    this.count.push(count);
    this.bad.push(bad);
    this.badSign.push(badSign);
    this.total += count;
  }

  get #columns(): (number | null)[][] {
    const { first, step, seconds, mean, low, high, count, bad, badSign } = this;
    return [first, step, seconds, mean, low, high, count, bad, badSign];
  }

  #clear(): void {
    if (this.length > 0) this.changes += 1;
    this.total = 0;
    for (const column of this.#columns) column.length = 0;
  }

  #pop(): void {
    this.changes += 1;
    this.total -= this.count.at(-1) ?? 0;
    for (const column of this.#columns) column.pop();
  }

  /** Merges pairs of buckets, except across a gap and where the step goes back. */
  #merge(): void {
    this.changes += 1;
    const { first, step, mean, low, high, count, bad } = this;
    let to = 0;
    for (let i = 0; i < this.length; i += 1, to += 1) {
      const next = i + 1;
      const joins =
        next < this.length && count[i] && count[next] && (first[next] ?? 0) > (step[i] ?? 0);
      for (const column of this.#columns) column[to] = column[i] ?? null;
      if (!joins) continue;
      const [a, b] = [mean[i] ?? null, mean[next] ?? null];
      const [n, m] = [this.#finite(i), this.#finite(next)];
      step[to] = step[next] ?? 0;
      this.seconds[to] = this.seconds[next] ?? 0;
      mean[to] = a === null || b === null ? (a ?? b) : (a * n + b * m) / (n + m);
      low[to] = extreme(Math.min, low[i], low[next]);
      high[to] = extreme(Math.max, high[i], high[next]);
      count[to] = (count[i] ?? 0) + (count[next] ?? 0);
      bad[to] = (bad[i] ?? 0) + (bad[next] ?? 0);
      this.badSign[to] = this.badSign[i] ?? this.badSign[next] ?? null;
      i = next;
    }
    for (const column of this.#columns) column.length = to;
  }

  #finite(i: number): number {
    return (this.count[i] ?? 0) - (this.bad[i] ?? 0);
  }
}

type Bucket = [number, number, number, Maybe, Maybe, Maybe, number, number, Maybe];

const SIGNS = { nan: 0, inf: 1, "-inf": -1, "": null } as const;

/** Returns a bucket of a chunk, whose empty columns say nothing new. */
function bucketOf(chunk: CurveChunk, i: number): Bucket {
  const { step, seconds, mean, first_step, low, high, count, not_finite } = chunk;
  const [at, value] = [step[i] ?? 0, mean[i] ?? null];
  const [lowest, highest] = [low[i] ?? value, high[i] ?? value];
  const sign = SIGNS[chunk.not_finite_kind[i] ?? ""];
  const counts = [count[i] ?? 1, not_finite[i] ?? 0, sign] as const;
  return [first_step[i] ?? at, at, seconds[i] ?? 0, value, lowest, highest, ...counts];
}

const extreme = (
  pick: (a: number, b: number) => number,
  a: Maybe | undefined,
  b: Maybe | undefined,
): Maybe => (a == null || b == null ? (a ?? b ?? null) : pick(a, b));
