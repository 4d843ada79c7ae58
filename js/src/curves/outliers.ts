// Which values a chart leaves out, because they would flatten all others.
import type { Maybe } from "../text/format";
import type { Range } from "./axes";

/** The lowest and the highest value of each bucket of a line, and what has to be seen. */
export interface LineValues {
  readonly low: readonly Maybe[];
  readonly high: readonly Maybe[];
  readonly best: number | null;
}

const MIN_POINTS = 20;
const MIN_FIRST = 5;
const FIRST_SHARE = 0.1;
const OTHERS_SHARE = 0.03;
/** Leaving values out has to make the others this much higher. */
const GAIN = 5;

interface Candidate {
  readonly value: number;
  readonly line: number;
  /** Whether the value is among the first tenth of its line. */
  readonly first: boolean;
  readonly fixed: boolean;
}

/**
 * Returns the range of the lines in front. Nothing is left out, unless leaving the fewest out
 * gives the rest five times the height: of each line, values among its first tenth, and 3 % of
 * the others; never the newest, never the best.
 */
export function valueRange(lines: readonly LineValues[]): Range | null {
  const counted = lines.map((line) => ({ ...line, ...countOf(line.high) }));
  const all = counted.filter(({ known }) => known > 0);
  if (all.length === 0) return null;
  const budgets = all.map(({ known, firsts }) =>
    Math.floor((known - firsts) * (firsts ? OTHERS_SHARE : 0)),
  );
  const [tops, bottoms] = [endOf(all, budgets, "high", -1), endOf(all, budgets, "low", 1)];
  // Most lines have nothing to leave out, which is known without an order of their values.
  const least = tops.kept - bottoms.kept;
  if (least * GAIN > tops.end - bottoms.end) return [bottoms.end, tops.end];
  return narrowed(sideOf(all, budgets, "high", -1), sideOf(all, budgets, "low", 1), budgets);
}

/**
 * Returns the extreme of one side, and what it would be if all that may be left out were: the
 * newest values, the best ones, and of the others those beyond the budget are kept.
 */
function endOf(
  lines: readonly CountedLine[],
  budgets: readonly number[],
  of: "low" | "high",
  sign: 1 | -1,
): { readonly end: number; readonly kept: number } {
  let [end, kept] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  lines.forEach(({ known, firsts, best, [of]: column }, line) => {
    const others = new Float64Array(known - firsts);
    let seen = 0;
    let newest = 0;
    for (let i = 0; i < column.length; i += 1) {
      const value = column[i];
      if (value == null) continue;
      newest = value * sign;
      if (newest < end) end = newest;
      if (seen >= firsts) others[seen - firsts] = newest;
      seen += 1;
      if (value === best) kept = Math.min(kept, newest);
    }
    kept = Math.min(kept, newest, selected(others, budgets[line] ?? 0));
  });
  return { end: end * sign, kept: kept * sign };
}

interface CountedLine extends LineValues {
  readonly known: number;
  /** Number of values that count as the first ones. */
  readonly firsts: number;
}

function countOf(values: readonly Maybe[]): Pick<CountedLine, "known" | "firsts"> {
  let known = 0;
  for (const value of values) if (value !== null) known += 1;
  const firsts = known < MIN_POINTS ? 0 : Math.max(MIN_FIRST, Math.ceil(known * FIRST_SHARE));
  return { known, firsts };
}

interface Side {
  readonly sorted: readonly Candidate[];
  readonly median: number;
}

/**
 * Returns the extremes of one side, sorted. Of the other values of each line, one more than may
 * be left out is enough: it is where leaving out ends.
 */
function sideOf(
  lines: readonly CountedLine[],
  budgets: readonly number[],
  of: "low" | "high",
  sign: 1 | -1,
): Side {
  const sorted: Candidate[] = [];
  let median = 0;
  lines.forEach(({ known, firsts, best, [of]: column }, line) => {
    const others = new Float64Array(known - firsts);
    let seen = 0;
    for (const value of column) {
      if (value === null) continue;
      if (seen >= firsts) others[seen - firsts] = value * sign;
      seen += 1;
    }
    median += (selected(others, others.length >> 1) * sign) / lines.length;
    const limit = selected(others, budgets[line] ?? 0);
    seen = 0;
    for (const value of column) {
      if (value === null) continue;
      seen += 1;
      const first = seen <= firsts;
      if (!first && value * sign > limit) continue;
      sorted.push({ value, line, first, fixed: seen === known || value === best });
    }
  });
  sorted.sort((a, b) => (a.value - b.value) * sign);
  return { sorted, median };
}

/** Returns the number that would be at `index` in sorted order, and moves smaller ones before it. */
function selected(values: Float64Array, index: number): number {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[(left + right) >> 1] ?? 0;
    let [i, j] = [left, right];
    while (i <= j) {
      while ((values[i] ?? 0) < pivot) i += 1;
      while ((values[j] ?? 0) > pivot) j -= 1;
      if (i > j) break;
      const swapped = values[i] ?? 0;
      values[i++] = values[j] ?? 0;
      values[j--] = swapped;
    }
    if (index <= j) right = j;
    else if (index >= i) left = i;
    else break;
  }
  return values[index] ?? 0;
}

function narrowed(above: Side, below: Side, budgets: readonly number[]): Range {
  const [tops, bottoms] = [above.sorted, below.sorted];
  const middle = (above.median + below.median) / 2;
  let [top, bottom] = [0, 0];
  const left = [...budgets];
  const at = (side: readonly Candidate[], i: number): number => side[i]?.value ?? 0;
  const may = (one: Candidate | undefined, used: readonly number[]): boolean =>
    one !== undefined && !one.fixed && (one.first || (used[one.line] ?? 0) > 0);
  for (;;) {
    const height = at(tops, top) - at(bottoms, bottom);
    let [nextTop, nextBottom] = [top, bottom];
    const used = [...left];
    let gained = false;
    for (;;) {
      const high = may(tops[nextTop], used) && nextTop + 1 < tops.length;
      const low = may(bottoms[nextBottom], used) && nextBottom + 1 < bottoms.length;
      if (!high && !low) break;
      const isAbove = at(tops, nextTop) - middle >= middle - at(bottoms, nextBottom);
      const gone = (isAbove ? high : !low) ? tops[nextTop++] : bottoms[nextBottom++];
      if (gone && !gone.first) used[gone.line] = (used[gone.line] ?? 0) - 1;
      const now = at(tops, nextTop) - at(bottoms, nextBottom);
      if (now > 0 && now * GAIN <= height) {
        gained = true;
        break;
      }
    }
    if (!gained) return [at(bottoms, bottom), at(tops, top)];
    [top, bottom] = [nextTop, nextBottom];
    left.splice(0, left.length, ...used);
  }
}
