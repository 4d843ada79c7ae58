// What one chart shows: its lines, the ranges and ticks of its axes, and the texts around it.
import {
  figure,
  fittingStep,
  logTexts,
  logTicks,
  type Range,
  roundRange,
  stepTick,
  ticksOf,
  tickTexts,
  timeStep,
  timeTick,
  wholeStep,
  xEnd,
} from "../curves/axes";
import { Line } from "../curves/line";
import { valueRange } from "../curves/outliers";
import { cleanValues, smooth, zigzags } from "../curves/smoothing";
import type { Curve } from "../state/curve";
import type { Maybe } from "../text/format";
import type { Language } from "../text/language";
import { type Chart, type ChartLine, mainLine } from "./charts";
import type { CurveView } from "./curveView";

export interface DrawnLine {
  readonly source: ChartLine;
  readonly line: Line;
  /** The place in the palette; null of a grey line. */
  readonly place: number | null;
  /** The smoothed values, one array for each piece; null if the line is not smoothed. */
  readonly smoothed: readonly Float64Array[] | null;
  readonly best: { readonly x: number; readonly value: number; readonly step: number } | null;
  /** Index of the first bucket with a value that is not finite; -1 without one. */
  readonly firstBad: number;
  /** The step of that value, which a run in trouble knows, and else the end of its bucket. */
  readonly badStep: number | null;
  readonly badX: number;
}

export interface Drawing {
  /** The lines in front, and the grey ones behind. */
  readonly front: readonly DrawnLine[];
  readonly back: readonly DrawnLine[];
  readonly x: Range;
  /** Of logarithms if `log`. */
  readonly y: Range;
  readonly log: boolean;
  /** Why there is no logarithmic axis although one is wanted. */
  readonly refused: "share" | "negative" | null;
  /** The largest number of the axis, by which numbers are written; 0: each by its own size. */
  readonly size: number;
  readonly ticks: { readonly x: Ticks; readonly y: Ticks };
  readonly above: LeftOut;
  readonly below: LeftOut;
  /** Values of 0 or less, for which a logarithmic axis has no place. */
  readonly notPositive: NotPositive;
}

export interface NotPositive {
  readonly count: number;
  /** Whether buckets hide some: of their values only the lowest and the highest are known. */
  readonly more: boolean;
}

export interface Ticks {
  readonly at: readonly number[];
  readonly texts: readonly string[];
}

export interface LeftOut {
  readonly count: number;
  readonly extreme: number;
}

/** The range that a chart has, which grows at once and shrinks late. */
export interface RangeMemory {
  range: Range | null;
  zoom: Range | null;
  log: boolean;
  /** Since when less was used than the share. */
  since: number | null;
}

const SHRINK_SECONDS = 3;
const USED_SHARE = 0.7;
const HALF_SHARE = 0.01;
const NOT_POSITIVE_SHARE = 0.05;
/** With fewer points than these, the range follows at once. */
const FEW_POINTS = 20;
const MAX_GREY = 50;

export function drawingOf(
  chart: Chart,
  view: CurveView,
  memory: RangeMemory,
  pixels: number,
  now: number,
): Drawing {
  const { places } = view.shown.value;
  const zoom = view.place(chart).zoom.value;
  const lines = chart.lines.map((source) => ({
    source,
    line: new Line(source.curve, view.transform(source)),
  }));
  const isFront = ({ source }: { source: ChartLine }): boolean =>
    places.has(source.root.run_id) || places.size === 0;
  const front = lines.filter(isFront);
  // Of a run behind, the line that its numbers are of.
  const back = lines
    .filter((one) => !isFront(one) && mainLine(chart.lines, one.source.root) === one.source)
    .slice(-MAX_GREY);
  const axis = view.shownAxis;

  let [first, newest] = [Number.POSITIVE_INFINITY, 0];
  let total: Maybe = null;
  let open = false;
  for (const { source, line } of front) {
    first = Math.min(first, line.x[0] ?? first);
    newest = Math.max(newest, line.x.at(-1) ?? 0);
    open ||= source.root.ended_at === null;
    total = Math.max(total ?? 0, view.total(source.root) ?? 0) || null;
  }
  const end = xEnd(newest, total, open);
  const begin = first <= Math.max(1, 0.02 * end) || first >= end ? Math.min(0, first) : first;
  const x: Range = zoom ?? [begin, end];

  const marked = front.map((one) => {
    const zigzag = zigzags(one.source.curve.mean);
    return { ...one, zigzag, best: zigzag ? null : bestOf(one.source, one.line, chart) };
  });
  const { log, refused, scale } = logOf(front, view.log.value, chart.goal === "max");
  const values = marked.map(({ line, best }) => {
    const inside = (_: unknown, i: number): boolean =>
      (line.x[i] ?? 0) >= x[0] && (line.x[i] ?? 0) <= x[1];
    const of = (column: readonly Maybe[]): readonly Maybe[] => {
      const seen = zoom ? column.filter(inside) : column;
      return log ? seen.map(scale) : seen;
    };
    const { low, high } = line.curve;
    return { low: of(low), high: of(high), best: best && scale(best.value) };
  });
  const all = extent(values);
  // A logarithmic axis has room for all.
  const rest = log || view.whole.value.has(chart.name) ? all : valueRange(values);
  const few = front.every(({ line }) => line.x.length < FEW_POINTS);
  if (few || memory.zoom !== zoom) memory.range = null;
  memory.zoom = zoom;
  const y = remembered(memory, rest ?? [0, 1], log, now);
  const real = (value: number): number => (log ? 10 ** value : value);
  const hidden = rest === null || all === null || (rest[0] === all[0] && rest[1] === all[1]);
  const half = HALF_SHARE * (end - begin);
  const finished = marked.map(
    ({ source, line, zigzag, best }): DrawnLine => ({
      ...{ source, line, best, ...brokenAt(source, line, view) },
      place: places.get(source.root.run_id) ?? 0,
      smoothed:
        zigzag && view.smooth.value ? smoothedPieces(line, half, [real(y[0]), real(y[1])]) : null,
    }),
  );
  return {
    front: finished,
    back: back.map((one) => ({
      ...one,
      place: null,
      smoothed: null,
      best: null,
      firstBad: -1,
      badStep: null,
      badX: 0,
    })),
    x,
    y,
    log,
    refused,
    notPositive: log ? notPositive(front, x) : { count: 0, more: false },
    size: log ? 0 : Math.max(Math.abs(y[0]), Math.abs(y[1])),
    ticks: { x: xTicks(x, axis, pixels), y: yTicks(y, log) },
    above: hidden ? NOTHING : leftOut(values, "high", (value) => value > y[1], all?.[1], real),
    below: hidden ? NOTHING : leftOut(values, "low", (value) => value < y[0], all?.[0], real),
  };
}

function brokenAt(
  source: ChartLine,
  line: Line,
  view: CurveView,
): Pick<DrawnLine, "firstBad" | "badStep" | "badX"> {
  const { run, metric, curve } = source;
  const firstBad = curve.bad.findIndex((bad) => bad > 0);
  const { alert } = run;
  const alertStep = alert?.kind === "not_finite" && alert.metric === metric ? alert.step : null;
  const badStep = firstBad < 0 ? null : (alertStep ?? firstBadStep(curve, firstBad));
  const { axis, scale } = view.transform(source);
  const badX = axis === "time" || badStep === null ? line.x[firstBad] : badStep * scale;
  return { firstBad, badStep, badX: badX ?? 0 };
}

/** Returns the step of the first value of a bucket that is not finite: if more follow, its last. */
function firstBadStep({ first, step, count, bad }: Curve, i: number): number {
  const [last, n] = [step[i] ?? 0, count[i] ?? 1];
  const apart = n > 1 ? (last - (first[i] ?? last)) / (n - 1) : 0;
  return bad[i + 1] ? last - apart * ((bad[i] ?? 1) - 1) : last;
}

const NOTHING: LeftOut = { count: 0, extreme: 0 };

type Columns = { low: readonly Maybe[]; high: readonly Maybe[]; best: Maybe };

function extent(values: readonly Columns[]): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const line of values) {
    for (const value of line.low) if (value !== null && value < low) low = value;
    for (const value of line.high) if (value !== null && value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

function leftOut(
  values: readonly Columns[],
  side: "low" | "high",
  isOut: (value: number) => boolean,
  extreme: number | undefined,
  real: (value: number) => number,
): LeftOut {
  let count = 0;
  for (const line of values) {
    for (const value of line[side]) if (value !== null && isOut(value)) count += 1;
  }
  return { count, extreme: real(extreme ?? 0) };
}

/** Returns the index of the bucket with a step; -1 if it is not there. */
export const indexOfStep = ({ curve }: ChartLine, step: number): number =>
  curve.step.findIndex((last, i) => last >= step && (curve.first[i] ?? last) <= step);

/** Returns the best value; of a run with a validation line, that of the validation. */
function bestOf(source: ChartLine, line: Line, chart: Chart): DrawnLine["best"] {
  const best = source.run.best[source.metric];
  const validated = chart.lines.some(
    (other) => other.part === "val" && other.root.run_id === source.root.run_id,
  );
  if (!best || best.step === null || (validated && source.part !== "val")) return null;
  const x = line.x[indexOfStep(source, best.step)];
  return x === undefined || line.x.length < 2 ? null : { x, value: best.value, step: best.step };
}

/** Smooths each piece; a value outside of the axis, which is left out, counts nothing. */
function smoothedPieces(line: Line, half: number, [low, high]: Range): Float64Array[] {
  const { mean, count, bad } = line.curve;
  const clean = cleanValues(line.curve);
  const weights = new Float64Array(mean.length);
  mean.forEach((value, i) => {
    if (value !== null && value >= low && value <= high) {
      weights[i] = (count[i] ?? 0) - (bad[i] ?? 0);
    }
  });
  return line.pieces.map(({ from, to }) => smooth(line.x, clean, weights, half, from, to));
}

/** Returns whether the y axis is logarithmic, why not, and how a value is placed on it. */
function logOf(
  lines: readonly { line: Line }[],
  wanted: boolean,
  rises: boolean,
): Pick<Drawing, "log" | "refused"> & { scale: (value: Maybe) => Maybe } {
  const linear = { log: false, scale: (value: Maybe) => value };
  if (!wanted) return { ...linear, refused: null };
  let [known, positive, high] = [0, 0, 0];
  for (const { line } of lines) {
    for (const value of line.curve.low) {
      if (value === null) continue;
      known += 1;
      if (value > 0) positive += 1;
      if (value > high) high = value;
    }
  }
  if (rises && high <= 1) return { ...linear, refused: "share" };
  if (known - positive > NOT_POSITIVE_SHARE * known) return { ...linear, refused: "negative" };
  const scale = (value: Maybe): Maybe => (value === null || value <= 0 ? null : Math.log10(value));
  return { log: true, refused: null, scale };
}

function notPositive(lines: readonly { line: Line }[], [first, last]: Range): NotPositive {
  let [sum, more] = [0, false];
  for (const { line } of lines) {
    const { low, high, count, bad } = line.curve;
    line.x.forEach((x, i) => {
      const [lowest, highest] = [low[i] ?? 1, high[i] ?? 1];
      if (lowest > 0 || x < first || x > last) return;
      const finite = (count[i] ?? 1) - (bad[i] ?? 0);
      sum += highest > 0 ? 1 : finite;
      more ||= highest > 0 && finite > 2;
    });
  }
  return { count: sum, more };
}

/** Returns the range of the axis: it grows at once, and shrinks when little of it was used. */
function remembered(memory: RangeMemory, needed: Range, log: boolean, now: number): Range {
  const wanted = log ? logRange(needed) : roundRange(needed);
  const { range } = memory;
  const set = (next: Range): Range => {
    Object.assign(memory, { range: next, log, since: null });
    return next;
  };
  if (range === null || memory.log !== log) return set(wanted);
  if (needed[0] < range[0] || needed[1] > range[1]) {
    // What is left out is not to come back as a range twice as high.
    return set(wanted);
  }
  const used = (needed[1] - needed[0]) / (range[1] - range[0]);
  if (used >= USED_SHARE || (wanted[0] === range[0] && wanted[1] === range[1])) {
    memory.since = null;
    return range;
  }
  memory.since ??= now;
  return now - memory.since >= SHRINK_SECONDS ? set(wanted) : range;
}

function logRange([low, high]: Range): Range {
  const margin = Math.max(0.05, 0.05 * (high - low));
  return [low - margin, high + margin];
}

/** The room that the text of a tick needs. */
const TICK_PX = 62;

function xTicks(range: Range, axis: CurveView["shownAxis"], pixels: number): Ticks {
  const most = Math.max(2, Math.floor(pixels / TICK_PX));
  const step = axis === "time" ? timeStep(range, most) : wholeStep(range, most);
  const at = ticksOf(range, step);
  return { at, texts: at.map(axis === "time" ? timeTick : stepTick) };
}

function yTicks(range: Range, log: boolean): Ticks {
  if (log) {
    const at = logTicks(range);
    return { at, texts: logTexts(at) };
  }
  const step = fittingStep(range);
  const at = ticksOf(range, step);
  return { at, texts: tickTexts(at, step) };
}

/** Writes what a value is that is not finite, by its sign. */
export const notFiniteText = (sign: Maybe | undefined, trans: Language): string =>
  sign == null ? trans.__("not finite") : sign === 0 ? "NaN" : sign > 0 ? "∞" : "-∞";

/** Writes a value of a chart. */
export const chartFigure = (value: Maybe | undefined, { size }: Drawing): string =>
  figure(value, size);
