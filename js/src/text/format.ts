// Numbers, durations and sizes as text; unknown is a dash. Python writes the same texts
// (`render/formatting.py`), and both are checked against tests/contract/formats.json.
import type { Language } from "./language";

export const UNKNOWN = "–";

export type Maybe = number | null;

/** Returns whether a number can be written; an infinite one is as unknown as a missing one. */
const isKnown = (value: Maybe): value is number => value !== null && Number.isFinite(value);

/** The longest time from 1970 that a `Date` holds, in seconds. */
const MAX_DATE_SECONDS = 8.64e12;

const isMoment = (at: Maybe): at is number => at !== null && Math.abs(at) <= MAX_DATE_SECONDS;

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const FORMATS: Record<string, Intl.NumberFormat> = {};

/** Rounds halves up, away from zero, on the decimal that the number prints as. */
function rounded(value: number, digits: number, kind = "FractionDigits"): string {
  FORMATS[kind + digits] ??= new Intl.NumberFormat("en-US", {
    [`minimum${kind}`]: digits,
    [`maximum${kind}`]: digits,
    useGrouping: false,
  });
  return FORMATS[kind + digits]?.format(value) ?? UNKNOWN;
}

/** Multiplies by a power of ten without the error of a multiplication: 0.2825 is 28.25 %. */
function shifted(value: number, power: number): number {
  const [digits, exponent] = value.toExponential().split("e");
  return Number(`${digits}e${Number(exponent) + power}`);
}

/** Writes `digits` significant digits, and never fewer than the whole ones: 12.4, 1.00, 1368. */
function significant(value: number, digits: number): string {
  if (value === 0) return "0";
  const whole = Math.abs(value) >= 10 ** digits;
  return whole ? rounded(value, 0) : rounded(value, digits, "SignificantDigits");
}

/** Likewise without zeros at the end, unless it would read as a whole number that it is not. */
function shortest(value: number, digits: number): string {
  const text = significant(value, digits);
  const size = Math.abs(Number(text));
  if (size === 1 && Math.abs(value) < 1) return `${value < 0 ? "-" : ""}0.${"9".repeat(digits)}`;
  return Number.isInteger(size) && Number(text) !== value ? text : `${Number(text)}`;
}

/** Writes `1.23e-5`, with `digits` digits behind the point. */
const scientific = (value: number, digits: number): string =>
  Number(rounded(value, digits + 1, "SignificantDigits")).toExponential(digits);

/** `2,410,733` */
export function count(value: Maybe): string {
  return isKnown(value) ? GROUPED.format(value) : UNKNOWN;
}

/** Formats a count to fit into a tile: `99,999`, then `124 k`, `1.2 M`. */
export function shortCount(value: Maybe): string {
  if (!isKnown(value) || Math.abs(value) < 99_999.5) return count(value);
  for (const [power, unit] of [
    [-3, "k"],
    [-6, "M"],
    [-9, "G"],
  ] as const) {
    const scaled = shifted(value, power);
    const size = Math.abs(scaled);
    if (size < 999.5) return `${rounded(scaled, size < 9.95 ? 1 : 0)} ${unit}`;
  }
  return scientific(value, 1);
}

/** Percents without their sign, `94.2`: 100.0 or 0.0 only when it is exactly that. */
export function tenths(value: Maybe): string {
  return isKnown(value) ? inside(value, 1) : UNKNOWN;
}

/** Likewise of a ratio. */
export function ratio(value: Maybe): string {
  return isKnown(value) ? tenths(shifted(value, 2)) : UNKNOWN;
}

/** Whole percents, `41 %`; likewise 0 and 100 only when exact. */
export function percent(value: Maybe): string {
  return isKnown(value) ? `${inside(value, 0)} %` : UNKNOWN;
}

/** How much of a run is done: whole percents that are reached, `41 %` of 41.9. */
export function progress(percents: Maybe): string {
  if (!isKnown(percents)) return UNKNOWN;
  // A share such as 57 / 100 * 100 lies a hair below what it means.
  const reached = Math.floor(Number(rounded(percents, 6)));
  return `${percents < 100 ? Math.min(reached, 99) : reached} %`;
}

/** Formats a ratio as a whole percentage, `96 %`; 0 and 100 only for exactly 0 and 1. */
export function ratioWhole(value: Maybe): string {
  return isKnown(value) ? percent(shifted(value, 2)) : UNKNOWN;
}

/** Rounds percents; what lies between 0 and 100 does not become either. */
function inside(percents: number, digits: number): string {
  const text = rounded(percents, digits);
  const step = 10 ** -digits;
  if (percents > 0 && Number(text) === 0) return rounded(step, digits);
  return percents < 100 && Number(text) === 100 ? rounded(100 - step, digits) : text;
}

/** Formats a threshold with the digits that it was set with: `85 %`, `97.5 %`. */
export function ratioPlain(value: number): string {
  return `${Number(rounded(shifted(value, 2), 4))} %`;
}

export interface Measure {
  readonly value: string;
  readonly unit: string;
}

/** Returns a latency in µs, ms or s: `812 µs`, `12.4 ms`, `1.24 s`. */
export function latency(seconds: Maybe, digits = 3): Measure {
  if (!isKnown(seconds)) return { value: UNKNOWN, unit: "" };
  for (const [power, unit] of [
    [6, "µs"],
    [3, "ms"],
  ] as const) {
    const scaled = shifted(seconds, power);
    if (scaled < 999.5) return { value: significant(scaled, digits), unit };
  }
  return { value: significant(seconds, digits), unit: "s" };
}

export function latencyText(seconds: Maybe, digits = 2): string {
  const { value, unit } = latency(seconds, digits);
  return unit ? `${value} ${unit}` : value;
}

/** Formats a duration in its two largest units: `2h 15m`, `3m 10s`, `59s`. */
export function duration(seconds: Maybe): string {
  if (!isKnown(seconds)) return UNKNOWN;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h ${Math.floor((whole % 3_600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3_600)}h`;
}

/** Formats how long a run takes: `4m 12s`, and `<1s` of 0.4. */
export const elapsed = (seconds: Maybe): string =>
  isKnown(seconds) && seconds > 0 && seconds < 1 ? "<1s" : duration(seconds);

/** Formats a duration in its largest unit: `4 min`, `2 h`. */
export function roughly(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h`;
  return `${Math.floor(whole / 86_400)} d`;
}

/** Formats a delay in its largest unit; below a second in milliseconds: `400 ms`, `3 min`. */
export const delay = (seconds: number): string =>
  seconds < 1 ? latencyText(seconds) : roughly(seconds);

/** Formats an age: `just now`, `2 h ago`, `yesterday`, then the date. All times in Unix seconds. */
export function ago(at: Maybe, now: number, trans: Language): string {
  if (!isMoment(at)) return UNKNOWN;
  const passed = now - at;
  if (passed < 60) return trans.__("just now");
  if (passed >= 86_400 && passed < 2 * 86_400) return trans.__("yesterday");
  return passed < 30 * 86_400 ? trans.__("%1 ago", roughly(passed)) : day(at, trans);
}

const two = (value: number): string => String(value).padStart(2, "0");

function day(at: number, { locale }: Language): string {
  if (!isMoment(at)) return UNKNOWN;
  const date = new Date(at * 1000);
  return date.toLocaleDateString(locale, { day: "numeric", month: "short", year: "numeric" });
}

/** Formats the time of day, `14:02`, with the date if it is not the day of `now`. */
export function clock(at: number, now: number, trans: Language): string {
  if (!isMoment(at)) return UNKNOWN;
  const date = new Date(at * 1000);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const today = date.toDateString() === new Date(now * 1000).toDateString();
  return today ? time : `${day(at, trans)}, ${time}`;
}

/** Formats the time of day to the second, `14:02:11`. */
export function clockSeconds(at: number): string {
  if (!isMoment(at)) return UNKNOWN;
  const date = new Date(at * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** Formats the full local date and time, for hints. */
export function moment(at: Maybe, trans: Language): string | undefined {
  return isMoment(at) ? `${day(at, trans)}, ${clockSeconds(at)}` : undefined;
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `4.9 GiB`, `112 GiB` */
export function bytes(value: Maybe): string {
  if (!isKnown(value)) return UNKNOWN;
  const { scaled, unit } = sized(value, value);
  return `${scaled} ${unit}`;
}

/** Formats a used size and its total, both in the unit of the total: `4.9 of 8.0 GiB`. */
export function bytesOf(used: Maybe, whole: Maybe, trans: Language): string {
  if (used === null || whole === null) return used === null ? "" : bytes(used);
  const part = sized(used, whole);
  return trans.__("%1 of %2", part.scaled, `${sized(whole, whole, used).scaled} ${part.unit}`);
}

function sized(value: number, scale: number, peer = value): { scaled: string; unit: string } {
  let power = 0;
  while (power < SIZES.length - 1 && scale / 1024 ** power >= 1023.5) power += 1;
  const size = 1024 ** power;
  const tenths = power > 0 && Math.min(value, peer) / size < 9.95;
  return { scaled: rounded(value / size, tenths ? 1 : 0), unit: SIZES[power] ?? "B" };
}

/** `4 cores`, `1 core`, `1.5 cores` */
export function cores(value: Maybe, trans: Language): string {
  return value === null ? "" : trans._n("%1 core", "%1 cores", Number(rounded(value, 2)));
}

/** `3.2 of 4 cores`, of percents of them all */
export function coresUsed(percents: Maybe, limit: Maybe, trans: Language): string {
  if (percents === null || limit === null) return "";
  const used = (percents / 100) * limit;
  const text = rounded(used, used < 99.95 ? 1 : 0);
  return trans._n("%2 of %1 core", "%2 of %1 cores", Number(rounded(limit, 2)), text);
}

/** Formats the size of memory, without `.0`: `8 GiB`. */
export function capacity(value: Maybe): string {
  return value === null ? "" : bytes(value).replace(/\.0 /, " ");
}

/** `182 steps/s`, `2.4 steps/s`, `12 steps/min` */
export function rate(perSecond: Maybe, trans: Language): string {
  if (perSecond === null) return "";
  if (perSecond > 0 && perSecond < 1) {
    return trans.__("%1 steps/min", significant(perSecond * 60, 2));
  }
  const text = perSecond >= 100 ? shortCount(perSecond) : significant(perSecond, 2);
  return trans.__("%1 steps/s", text);
}

/** Formats an error in the unit of its target to three significant digits: `0.213`, `1,235`. */
export function errorSize(value: Maybe): string {
  if (!isKnown(value)) return UNKNOWN;
  if (value >= 1e12 || (value > 0 && value < 1e-4)) return scientific(value, 1);
  return value < 999.5 ? significant(value, 3) : shortCount(value);
}

/** Formats a population stability index to two significant digits: `0.31`, `1.2`, `<0.001`. */
export function psi(value: Maybe): string {
  if (!isKnown(value)) return UNKNOWN;
  return value > 0 && value < 0.001 ? "<0.001" : shortest(value, 2);
}

/** A metric of a training run, to four significant digits: `0.2318`, `4`, and 3.9996 as `4.000`. */
export function metric(value: Maybe): string {
  if (!isKnown(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return scientific(value, 2);
  return size >= 999.95 ? count(value) : shortest(value, 4);
}

/** `12.8 Wh` */
export const energy = (wattHours: Maybe): string =>
  wattHours === null ? UNKNOWN : `${significant(wattHours, 3)} Wh`;
