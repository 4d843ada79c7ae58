// Formats numbers, times and sizes for display. An unknown value is a dash.
import type { Language } from "./language";

export const UNKNOWN = "–";

export type Maybe = number | null;

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Rounds to `digits` significant digits, without an exponent: 12.4, 1.00, 812. */
function significant(value: number, digits: number): string {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(digits));
  const whole = Math.floor(Math.log10(Math.abs(rounded))) + 1;
  return rounded.toFixed(Math.min(12, Math.max(0, digits - whole)));
}

/** `2,410,733` */
export function count(value: Maybe): string {
  return value === null ? UNKNOWN : GROUPED.format(value);
}

/** Formats a count to fit into a tile: `99,999`, then `124 k`, `1.2 M`. */
export function shortCount(value: Maybe): string {
  if (value === null || Math.abs(value) < 1e5) return count(value);
  for (const [size, unit] of [
    [1e3, "k"],
    [1e6, "M"],
    [1e9, "G"],
  ] as const) {
    const scaled = value / size;
    if (Math.abs(scaled) < 999.5) {
      return `${Math.abs(scaled) < 9.95 ? scaled.toFixed(1) : scaled.toFixed(0)} ${unit}`;
    }
  }
  return value.toExponential(1);
}

/** Formats a ratio as percent without the sign, `94.2`; 100.0 and 0.0 only for exactly 1 and 0. */
export function ratio(value: Maybe): string {
  if (value === null) return UNKNOWN;
  const percents = value * 100;
  const rounded = Number(percents.toFixed(1));
  if (rounded === 100 && value < 1) return "99.9";
  if (rounded === 0 && value > 0) return "0.1";
  return percents.toFixed(1);
}

/** Formats a ratio as a whole percentage, `96 %`; 0 and 100 only for exactly 0 and 1. */
export function ratioWhole(value: Maybe): string {
  if (value === null) return UNKNOWN;
  const percents = Math.round(value * 100);
  const inside = value > 0 && value < 1;
  return `${inside ? Math.min(99, Math.max(1, percents)) : percents} %`;
}

/** Formats a threshold with the digits that it was set with: `85 %`, `97.5 %`. */
export function ratioPlain(value: number): string {
  return `${Number((value * 100).toFixed(2))} %`;
}

/** `41 %` */
export function percent(value: Maybe): string {
  return value === null ? UNKNOWN : `${Math.round(value)} %`;
}

export interface Measure {
  readonly value: string;
  readonly unit: string;
}

/** Returns a latency in µs, ms or s: `812 µs`, `12.4 ms`, `1.24 s`. */
export function latency(seconds: Maybe, digits = 3): Measure {
  if (seconds === null) return { value: UNKNOWN, unit: "" };
  for (const [size, unit] of [
    [1e-6, "µs"],
    [1e-3, "ms"],
  ] as const) {
    const scaled = seconds / size;
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
  if (seconds === null) return UNKNOWN;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)}h ${Math.floor((whole % 3_600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3_600)}h`;
}

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
  if (at === null) return UNKNOWN;
  const passed = now - at;
  if (passed < 60) return trans.__("just now");
  if (passed >= 86_400 && passed < 2 * 86_400) return trans.__("yesterday");
  return passed < 30 * 86_400 ? trans.__("%1 ago", roughly(passed)) : day(at, trans);
}

const two = (value: number): string => String(value).padStart(2, "0");

function day(at: number, { locale }: Language): string {
  const date = new Date(at * 1000);
  return date.toLocaleDateString(locale, { day: "numeric", month: "short", year: "numeric" });
}

/** Formats the time of day, `14:02`, with the date if it is not the day of `now`. */
export function clock(at: number, now: number, trans: Language): string {
  const date = new Date(at * 1000);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const today = date.toDateString() === new Date(now * 1000).toDateString();
  return today ? time : `${day(at, trans)}, ${time}`;
}

/** Formats the time of day to the second, `14:02:11`. */
export function clockSeconds(at: number): string {
  const date = new Date(at * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** Formats the full local date and time, for hints. */
export function moment(at: Maybe, trans: Language): string | undefined {
  return at === null ? undefined : `${day(at, trans)}, ${clockSeconds(at)}`;
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `4.9 GiB`, `112 GiB` */
export function bytes(value: Maybe): string {
  if (value === null) return UNKNOWN;
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
  const power = Math.min(
    SIZES.length - 1,
    Math.max(0, Math.floor(Math.log(Math.max(1, scale)) / Math.log(1024))),
  );
  const size = 1024 ** power;
  const tenths = power > 0 && Math.min(value, peer) / size < 9.95;
  return { scaled: (value / size).toFixed(tenths ? 1 : 0), unit: SIZES[power] ?? "B" };
}

/** `4 cores`, `1 core`, `1.5 cores` */
export function cores(value: Maybe, trans: Language): string {
  return value === null ? "" : trans._n("%1 core", "%1 cores", Number(value.toFixed(2)));
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
  const large = perSecond >= 100;
  return trans.__(
    "%1 steps/s",
    large ? shortCount(Math.round(perSecond)) : significant(perSecond, 2),
  );
}

/** Formats an error in the unit of its target to three significant digits: `0.213`, `1,235`. */
export function errorSize(value: Maybe): string {
  if (value === null) return UNKNOWN;
  if (value >= 1e12 || (value > 0 && value < 1e-4)) return value.toExponential(1);
  return value < 999.5 ? significant(value, 3) : shortCount(value);
}

/** Formats a population stability index to two significant digits: `0.31`, `1.2`, `<0.001`. */
export function psi(value: Maybe): string {
  if (value === null) return UNKNOWN;
  return value > 0 && value < 0.001 ? "<0.001" : String(Number(value.toPrecision(2)));
}

/** Formats a metric of a training run to four significant digits. */
export function metric(value: Maybe): string {
  if (value === null) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toExponential(2);
  if (size >= 1000) return GROUPED.format(value);
  return String(Number(value.toPrecision(4)));
}
