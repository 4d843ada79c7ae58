// The smoothed line of a curve: the mean of what is near.
import type { Curve } from "../state/curve";

/** A line is smoothed from this number of points on, of which this share are turning points. */
const MIN_POINTS = 60;
const TURNING_SHARE = 1 / 3;

/** Returns whether a line zigzags as noise does: two of three points of noise are turning points. */
export function zigzags(values: readonly (number | null)[]): boolean {
  let [points, turns, before, direction] = [0, 0, 0, 0];
  for (const value of values) {
    if (value === null) continue;
    const next = Math.sign(value - before);
    if (points > 1 && next * direction < 0) turns += 1;
    if (points > 0 && next !== 0) direction = next;
    before = value;
    points += 1;
  }
  return points >= MIN_POINTS && turns >= points * TURNING_SHARE;
}

const SPAN = 3;
/** Median deviations of normal noise are scaled to its standard deviation. */
const SCALE = 1.4826;
const LIMIT = 5;

/**
 * Writes the values without spikes into `clean`, from index `from` on: what is far from the median
 * of its 7 neighbours counts as that median. Values that are not finite are left out.
 */
export function removeSpikes(
  values: readonly (number | null)[],
  clean: (number | null)[],
  from = 0,
): void {
  for (let i = from; i < values.length; i += 1) {
    const value = values[i] ?? null;
    clean[i] = value;
    if (value === null) continue;
    let size = 0;
    for (let k = Math.max(0, i - SPAN); k <= i + SPAN; k += 1) {
      const one = values[k] ?? null;
      if (one !== null) near[size++] = one;
    }
    const middle = sortedMedian(near, size);
    for (let k = 0; k < size; k += 1) near[k] = Math.abs((near[k] ?? 0) - middle);
    const limit = LIMIT * SCALE * sortedMedian(near, size);
    if (Math.abs(value - middle) > limit) clean[i] = middle;
  }
}

const near = new Float64Array(2 * SPAN + 1);

/** The values of curves without spikes, and how often a curve was changed other than at its end. */
const known = new WeakMap<Curve, { clean: (number | null)[]; changes: number }>();

/** Returns the values of a curve without spikes; those that were known are not computed again. */
export function cleanValues(curve: Curve): readonly (number | null)[] {
  const { mean, changes } = curve;
  const before = known.get(curve);
  const entry = before?.changes === changes ? before : { clean: [], changes };
  removeSpikes(mean, entry.clean, Math.max(0, entry.clean.length - SPAN));
  known.set(curve, entry);
  return entry.clean;
}

/** Sorts the first `size` values in place by insertion; returns their median. */
function sortedMedian(values: Float64Array, size: number): number {
  for (let i = 1; i < size; i += 1) {
    const value = values[i] ?? 0;
    let k = i;
    for (; k > 0 && (values[k - 1] ?? 0) > value; k -= 1) values[k] = values[k - 1] ?? 0;
    values[k] = value;
  }
  const half = size >> 1;
  const upper = values[half] ?? 0;
  return size % 2 ? upper : (upper + (values[half - 1] ?? 0)) / 2;
}

/**
 * Smooths the values of one piece, `from` to `to`, in two passes: a value that is `half` away on
 * the x axis counts half, times its weight.
 */
export function smooth(
  x: ArrayLike<number>,
  values: ArrayLike<number | null>,
  weights: ArrayLike<number>,
  half: number,
  from = 0,
  to = x.length,
): Float64Array {
  const [sums, sizes] = [new Float64Array(to - from), new Float64Array(to - from)];
  let [distance, fade] = [0, 1];
  for (const step of [1, -1]) {
    let [sum, size] = [0, 0];
    for (let i = step > 0 ? from : to - 1; i >= from && i < to; i += step) {
      const next = Math.abs((x[i] ?? 0) - (x[i - step] ?? 0));
      // Most steps are as far from each other.
      if (next !== distance) [distance, fade] = [next, 2 ** (-next / half)];
      sum *= fade;
      size *= fade;
      const own = weights[i] ?? 0;
      const value = own * (values[i] ?? 0);
      const at = i - from;
      // The value itself counts once, in the first pass.
      sums[at] = (sums[at] ?? 0) + sum + (step > 0 ? value : 0);
      sizes[at] = (sizes[at] ?? 0) + size + (step > 0 ? own : 0);
      sum += value;
      size += own;
    }
  }
  return sums.map((sum, at) => sum / (sizes[at] || Number.NaN));
}
