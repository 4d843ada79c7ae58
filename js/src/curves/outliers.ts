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
  const budgets: number[] = [];
  const tops: Candidate[] = [];
  const bottoms: Candidate[] = [];
  lines.forEach(({ low, high, best }, line) => {
    const known = high.reduce<number>((n, value) => n + Number(value !== null), 0);
    const firsts = known < MIN_POINTS ? 0 : Math.max(MIN_FIRST, Math.ceil(known * FIRST_SHARE));
    budgets[line] = Math.floor((known - firsts) * (firsts ? OTHERS_SHARE : 0));
    let seen = 0;
    high.forEach((top, i) => {
      const bottom = low[i] ?? null;
      if (top === null || bottom === null) return;
      seen += 1;
      const first = seen <= firsts;
      const newest = seen === known;
      tops.push({ value: top, line, first, fixed: newest || top === best });
      bottoms.push({ value: bottom, line, first, fixed: newest || bottom === best });
    });
  });
  if (tops.length === 0) return null;
  return narrowed(few(tops, budgets, -1), few(bottoms, budgets, 1), budgets);
}

interface Side {
  readonly sorted: readonly Candidate[];
  readonly median: number;
}

/**
 * Returns the extremes of one side, sorted. Of the other values of each line, one more than may
 * be left out is enough: it is where leaving out ends.
 */
function few(all: Candidate[], budgets: readonly number[], sign: 1 | -1): Side {
  let median = 0;
  const limits = budgets.map((most, line) => {
    const values = Float64Array.from(
      all.filter((one) => one.line === line && !one.first),
      (one) => one.value * sign,
    ).sort();
    median += (values[values.length >> 1] ?? 0) * sign;
    return values[Math.min(most, values.length - 1)] ?? Number.POSITIVE_INFINITY;
  });
  const kept = all.filter((one) => one.first || one.value * sign <= (limits[one.line] ?? 0));
  kept.sort((a, b) => (a.value - b.value) * sign);
  return { sorted: kept, median: median / budgets.length };
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
