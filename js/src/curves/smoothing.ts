// The smoothed line of a curve: the mean of what is near.

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

/** Returns the values without spikes: what is far from the median of its 7 neighbours is it. */
export function withoutSpikes(values: ArrayLike<number>): Float64Array {
  const near = new Float64Array(2 * SPAN + 1);
  return Float64Array.from(values, (value, i) => {
    const first = Math.max(0, i - SPAN);
    const size = Math.min(values.length, i + SPAN + 1) - first;
    for (let k = 0; k < size; k += 1) near[k] = values[first + k] ?? 0;
    const middle = sortedMedian(near, size);
    for (let k = 0; k < size; k += 1) near[k] = Math.abs((near[k] ?? 0) - middle);
    const deviation = Math.abs(value - middle);
    return deviation > LIMIT * SCALE * sortedMedian(near, size) ? middle : value;
  });
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
 * Smooths one piece of a line, in two passes: a value that is `half` away on the x axis counts
 * half, times the number of values of its bucket.
 */
export function smooth(
  x: ArrayLike<number>,
  values: ArrayLike<number>,
  weights: ArrayLike<number>,
  half: number,
): Float64Array {
  const clean = withoutSpikes(values);
  const n = clean.length;
  const [sums, sizes] = [new Float64Array(n), new Float64Array(n)];
  for (const step of [1, -1]) {
    let [sum, size] = [0, 0];
    for (let i = step > 0 ? 0 : n - 1; i >= 0 && i < n; i += step) {
      const fade = 2 ** (-Math.abs((x[i] ?? 0) - (x[i - step] ?? x[i] ?? 0)) / half);
      [sum, size] = [sum * fade, size * fade];
      sums[i] = (sums[i] ?? 0) + sum;
      sizes[i] = (sizes[i] ?? 0) + size;
      const weight = weights[i] ?? 1;
      sum += weight * (clean[i] ?? 0);
      size += weight;
      // Once, in the first pass: the value itself.
      if (step > 0) {
        sums[i] = (sums[i] ?? 0) + weight * (clean[i] ?? 0);
        sizes[i] = (sizes[i] ?? 0) + weight;
      }
    }
  }
  return sums.map((sum, i) => sum / (sizes[i] || Number.NaN));
}
