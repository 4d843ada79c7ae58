// A small line chart on a canvas, whose x axis is time.
import type { Signal } from "@preact/signals";
import type { Maybe } from "../text/format";
import { Canvas } from "./canvas";

export interface LineChartOptions {
  /** Returns the range of the y axis for the range of the data, which is null without data. */
  readonly range: (low: Maybe, high: Maybe) => readonly [number, number];
  readonly fill: boolean;
  /** The time under the cursor of all charts of a view. */
  readonly cursor: Signal<Maybe>;
}

const MIN_SPAN_SECONDS = 60;
const PADDING_PX = 2;
const WIDTH_PX = 1.5;

export class LineChart {
  readonly canvas: Canvas;
  readonly #options: LineChartOptions;
  #at: readonly number[] = [];
  #values: readonly Maybe[] = [];
  #threshold: Maybe = null;

  constructor(element: HTMLElement, options: LineChartOptions) {
    this.#options = options;
    this.canvas = new Canvas(element, {
      paint: () => this.#paint(),
      pointed: (left) => {
        options.cursor.value = left === null ? null : this.#timeAt(left * this.canvas.scale);
      },
    });
  }

  draw(at: readonly number[], values: readonly Maybe[], threshold: Maybe): void {
    this.#at = at;
    this.#values = values;
    this.#threshold = values.some((value) => value !== null) ? threshold : null;
    this.#paint();
  }

  /** Shows the cursor at the sample nearest to a time; returns the index of the sample. */
  point(time: Maybe): number | null {
    const i = time === null ? null : sampleAt(this.#at, this.#values, time);
    const { scale } = this.canvas;
    const value = this.#values[i ?? -1] ?? null;
    const top = value === null ? null : this.#yOf()(value) / scale;
    this.canvas.point(i === null ? null : this.#x(this.#at[i] ?? 0) / scale, top);
    return i;
  }

  get #ends(): readonly [number, number] {
    const last = this.#at.at(-1) ?? 0;
    return [Math.min(this.#at[0] ?? 0, last - MIN_SPAN_SECONDS), last];
  }

  #x(at: number): number {
    const [first, last] = this.#ends;
    return (this.canvas.width * (at - first)) / (last - first);
  }

  #timeAt(x: number): number {
    const [first, last] = this.#ends;
    return first + ((last - first) * x) / this.canvas.width;
  }

  get #range(): readonly [number, number] {
    const known = [...this.#values, this.#threshold].filter((value) => value !== null);
    return known.length === 0
      ? this.#options.range(null, null)
      : this.#options.range(Math.min(...known), Math.max(...known));
  }

  #yOf(): (value: number) => number {
    const [low, high] = this.#range;
    const padding = PADDING_PX * this.canvas.scale;
    const height = this.canvas.height - 2 * padding;
    return (value) => padding + height * (1 - (value - low) / (high - low || 1));
  }

  #paint(): void {
    const { canvas } = this;
    const { context: ctx, scale } = canvas;
    canvas.clear();
    const y = this.#yOf();
    ctx.lineWidth = WIDTH_PX * scale;
    ctx.lineJoin = "round";
    ctx.strokeStyle = canvas.colour("var(--v-chart)");
    ctx.fillStyle = canvas.colour("var(--v-chart-area)");
    const [line, area] = [new Path2D(), new Path2D()];
    const alone = this.#values.filter((value) => value !== null).length === 1;
    let before: number | null = null;
    this.#values.forEach((value, i) => {
      const x = this.#x(this.#at[i] ?? 0);
      if (value === null) {
        if (before !== null) area.lineTo(before, canvas.height);
        before = null;
        return;
      }
      if (before === null) {
        line.moveTo(x, y(value));
        area.moveTo(x, canvas.height);
      } else line.lineTo(x, y(value));
      area.lineTo(x, y(value));
      before = x;
      // One value only has no line, and is a dot.
      if (alone) line.arc(x, y(value), scale, 0, 7);
    });
    if (before !== null) area.lineTo(before, canvas.height);
    if (this.#options.fill) ctx.fill(area);
    if (this.#threshold !== null) {
      ctx.save();
      ctx.strokeStyle = canvas.colour("var(--v-warn)");
      ctx.lineWidth = scale;
      ctx.setLineDash([3 * scale, 3 * scale]);
      ctx.beginPath();
      ctx.moveTo(0, y(this.#threshold));
      ctx.lineTo(canvas.width, y(this.#threshold));
      ctx.stroke();
      ctx.restore();
    }
    ctx.stroke(line);
  }
}

/** Returns the index of the sample nearest to a time; those before the first value are skipped. */
export function sampleAt(
  at: readonly number[],
  values: readonly Maybe[],
  time: number,
): number | null {
  const i = nearestIndex(at, time);
  const first = values.findIndex((value) => value !== null);
  return i === null ? null : Math.max(i, first);
}

/** Returns the index of the number nearest to `value` in a sorted list; null if it is empty. */
function nearestIndex(sorted: ArrayLike<number>, value: number): number | null {
  let [low, high] = [0, sorted.length - 1];
  if (high < 0) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return value - (sorted[low] ?? 0) <= (sorted[high] ?? 0) - value ? low : high;
}
