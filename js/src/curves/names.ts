// Which metrics share a chart, and which two charts come first, by the metrics' names.
import type { Goal } from "../schema/contract.gen";

export interface ChartName {
  /** The name without its part: `loss` of `train/loss`, `val_loss` and `Loss/test`. */
  readonly chart: string;
  readonly part: "train" | "val" | null;
}

const TRAIN = /^(train|training|learn)$/;
const VAL = /^(val|valid|validation|dev|eval|test|holdout)$/;
const COUNTER = /^(global_|current_)?(epochs?|steps?|iter|iterations?)$/;
const AUXILIARY =
  /(^|_)(lr|learning_rate|norms?|times?|seconds|ms|duration|memory|mem|tokens?|samples?|(\w+_)?per_\w+|throughput|speed|wd|weight_decay|momentum)(_|$)/;

/** Returns the chart of a metric; null for a counter, which is an x axis and no curve. */
export function chartOf(metric: string): ChartName | null {
  const words = metric
    .replace(/'s\b/g, "")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  const at = words.findIndex((word) => TRAIN.test(word) || VAL.test(word));
  const part = at < 0 ? null : TRAIN.test(words[at] ?? "") ? "train" : "val";
  const rest = words.filter((_, i) => i !== at);
  // A number may follow the part: validation_0.
  if (at >= 0 && /^\d+$/.test(rest[at] ?? "")) rest.splice(at, 1);
  if (COUNTER.test(rest.join("_"))) return null;
  if (rest.length > 1 && /^(step|epoch)$/.test(rest.at(-1) ?? "")) rest.pop();
  return rest.length > 0 ? { chart: rest.join("_"), part } : { chart: words.join("_"), part: null };
}

export interface RankedChart {
  /** The chart's name, and after a space what distinguishes it from others of that name. */
  readonly name: string;
  /** Whether the metric is to fall or to rise; null if that is not known. */
  readonly goal: Goal | null;
  readonly validated: boolean;
}

/** Returns the place of a chart in the choice of the first, the lowest first. */
function firstRank({ name: key, goal }: RankedChart): number {
  const [name = ""] = key.split(" ");
  if (AUXILIARY.test(name)) return 5;
  if (name === "loss") return 0;
  if (/loss$/.test(name)) return 1;
  return goal === "min" ? 2 : goal === "max" ? 3 : 4;
}

/** Likewise in the choice of the second. */
function secondRank(chart: RankedChart): number {
  if (chart.goal === "max" && !AUXILIARY.test(chart.name)) return chart.validated ? -2 : -1;
  return firstRank(chart);
}

/**
 * Returns the names in the order of the charts. Those in `before` keep their order; if fewer than
 * two are in it, the first places are filled by what people look at: a loss, then what rises.
 */
export function orderCharts(
  before: readonly string[],
  charts: readonly RankedChart[],
): readonly string[] {
  const rest = new Map(charts.map((chart) => [chart.name, chart]));
  const order = before.filter((name) => rest.delete(name));
  for (const rank of order.length === 0 ? [firstRank, secondRank] : [secondRank]) {
    if (order.length > 1) break;
    const sorted = [...rest.values()].sort((a, b) => rank(a) - rank(b));
    const next = sorted[0];
    // What only describes the run has the first place only if there is nothing else.
    if (next === undefined || (order.length > 0 && AUXILIARY.test(next.name))) break;
    rest.delete(next.name);
    order.push(next.name);
  }
  return [...order, ...rest.keys()];
}

/**
 * Returns how many charts are shown first, of which `pinned` were chosen: two, unless the second
 * only describes the run.
 */
export function mainCharts(order: readonly string[], pinned = 0): number {
  let shown = pinned;
  while (shown < Math.min(2, order.length)) {
    if (shown > 0 && AUXILIARY.test(order[shown] ?? "")) break;
    shown += 1;
  }
  return shown;
}

/** Parts of a chart that are further apart than this, such as a sum beside a mean, get one each. */
const APART = 20;
const MIN_APART = 4;
const SAMPLE = 64;

/** Returns whether the middle halves of two lines do not overlap and are far from each other. */
export function areApart(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  const [one, other] = [quartiles(a), quartiles(b)];
  if (one === null || other === null) return false;
  const [low, high] = one[1] < other[1] ? [one, other] : [other, one];
  return low[2] < high[0] && high[1] > APART * low[1];
}

/** Returns the quartiles of a line's sizes, from some of its values; null of a short line. */
function quartiles(values: readonly (number | null)[]): readonly [number, number, number] | null {
  const stride = Math.ceil(values.length / SAMPLE);
  const sizes = values
    .filter((value, i): value is number => value !== null && i % stride === 0)
    .map(Math.abs)
    .sort((x, y) => x - y);
  if (sizes.length < MIN_APART) return null;
  const at = (share: number): number => sizes[Math.floor(share * (sizes.length - 1))] ?? 0;
  return [at(0.25), at(0.5), at(0.75)];
}
