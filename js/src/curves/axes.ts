// Where axes begin and end, their ticks, and the numbers beside them.
import { count, duration, UNKNOWN } from "../text/format";

export type Range = readonly [low: number, high: number];

/** Distances of ticks on a y axis. */
export const MAX_TICKS = 5;

const ENDS = [1, 1.5, 2, 3, 5, 7.5];

/**
 * Returns the end of the x axis: the total once a quarter is done; before that a round number a
 * little beyond the newest value, which stays for a while.
 */
export function xEnd(newest: number, total: number | null, open: boolean): number {
  if (total !== null && total >= newest && newest >= total / 4) return total;
  if (!open) return newest;
  const least = 1.1 * newest || 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const end = (ENDS.find((one) => one * power >= least) ?? 10) * power;
  return total !== null && total >= newest ? Math.min(end, total) : end;
}

/** Returns a round distance of ticks, so that at most `most` are between the ends. */
export function tickStep([low, high]: Range, most: number, whole = false): number {
  const raw = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5].find((one) => one * power >= raw * 0.999) ?? 10) * power;
  return whole ? Math.max(1, step === 2.5 ? 5 : step) : step;
}

/** Returns a distance of ticks that has a tick at both ends of a range, if there is one. */
export function fittingStep(range: Range): number {
  const isTick = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6;
  const steps = [MAX_TICKS, MAX_TICKS + 1, MAX_TICKS - 1].map((most) => tickStep(range, most));
  return (
    steps.find((step) => range.every((end) => isTick(end / step))) ?? tickStep(range, MAX_TICKS)
  );
}

const DIVISIONS = [4, 5, 3, 6, 2];
const MANTISSAS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8];

/** Likewise of whole steps from 0: if possible, so that a tick is at the end of the axis. */
export function wholeStep(range: Range, most: number): number {
  const [low, high] = range;
  for (const parts of low === 0 ? DIVISIONS : []) {
    const step = high / parts;
    const mantissa = step / 10 ** Math.floor(Math.log10(step));
    if (parts <= most && Number.isInteger(step) && MANTISSAS.includes(mantissa)) return step;
  }
  return tickStep(range, most, true);
}

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600];

/** Likewise of seconds: whole seconds, minutes or hours. */
export function timeStep([low, high]: Range, most: number): number {
  const raw = (high - low) / most;
  return SECONDS.find((one) => one >= raw) ?? Math.ceil(raw / 43_200) * 43_200;
}

/** Returns the multiples of `step` within a range. */
export function ticksOf([low, high]: Range, step: number): number[] {
  const slack = step * 1e-6;
  const first = Math.ceil((low - slack) / step);
  const last = Math.floor((high + slack) / step);
  return Array.from({ length: Math.min(50, last - first + 1) }, (_, i) => (first + i) * step);
}

/** Returns the ticks of a logarithmic axis, as logarithms of round values. */
export function logTicks([low, high]: Range): number[] {
  const size = high - low;
  const digits = size > 2.5 ? [1] : size > 0.9 ? [1, 2, 5] : [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
  const skip = Math.ceil(size / 6);
  const powers = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => i);
  return powers
    .map((i) => i + Math.floor(low))
    .filter((power) => power % skip === 0)
    .flatMap((power) => digits.map((digit) => power + Math.log10(digit)))
    .filter((tick) => tick >= low - 1e-9 && tick <= high + 1e-9);
}

/** Writes values of one axis alike, with as many decimals as `step` needs. */
export function tickTexts(values: readonly number[], step: number): string[] {
  const size = Math.max(...values.map(Math.abs));
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return values.map(scientific);
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const more = Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6;
  return values.map((value) => plain(value, decimals + Number(more)));
}

/** Writes the ticks of a logarithmic axis, which are values: `0.01`, `0.1`, `1`. */
export const logTexts = (logarithms: readonly number[]): string[] =>
  logarithms.map((logarithm) => {
    const value = Number((10 ** logarithm).toPrecision(3));
    return value >= 1e6 || value < 1e-4
      ? scientific(value)
      : value < 1000
        ? `${value}`
        : count(value);
  });

const scientific = (value: number): string =>
  value === 0 ? "0" : Number(value.toPrecision(3)).toExponential().replace("+", "");

/** Removes the sign of a zero. */
const plain = (value: number, decimals: number): string =>
  value.toFixed(decimals).replace(/^-(?=[0.]+$)/, "");

/** Writes a step: `1,200`, and `1.5` of an epoch. */
export const stepText = (value: number): string =>
  Number.isInteger(value) ? count(value) : `${Number(value.toPrecision(4))}`;

/** Writes the tick of an axis of steps: `1,200`, then `100 k`. */
export const stepTick = (value: number): string => {
  const power = Math.abs(value) < 1e5 ? 0 : Math.abs(value) < 1e7 ? 1 : 2;
  return `${stepText(value / 1000 ** power)}${["", " k", " M"][power]}`;
};

/** Writes the tick of an axis of seconds: `30s`, `2m`, `1h 30m`. */
export const timeTick = (seconds: number): string => duration(seconds).replace(/ 0[ms]$/, "");

/** Writes a value with four significant digits of the axis' size, zeros included. */
export function figure(value: number | null | undefined, size: number): string {
  if (value == null) return UNKNOWN;
  const most = Math.max(size, Math.abs(value));
  if (most >= 1e6 || (most > 0 && most < 1e-3)) {
    return value === 0 ? "0" : value.toExponential(3).replace("+", "");
  }
  const whole = most > 0 ? Math.floor(Math.log10(most) + 1e-12) + 1 : 1;
  return plain(value, Math.max(0, 4 - whole));
}

/** Values travel in six digits: what differs by less, relative to its size, is a constant. */
const ROUNDING = 1e-5;

/** Returns the range of an axis for the range of its values; `cap` is where a share ends. */
export function roundRange([low, high]: Range, most = MAX_TICKS): Range {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low <= ROUNDING * size) {
    return size === 0 ? [0, 1] : [low - 0.05 * size, high + 0.05 * size];
  }
  const margin = 0.05 * (high - low);
  const bottom = low >= 0 && low <= 0.15 * high ? 0 : low - margin;
  const top = high + margin;
  const step = tickStep([bottom, top], most);
  const first = Math.floor(bottom / step + 1e-9) * step;
  const last = Math.ceil(top / step - 1e-9) * step;
  // A share never passes 1.
  return [low >= 0 && first < 0 ? 0 : first, high <= 1 && last > 1 ? 1 : last];
}
