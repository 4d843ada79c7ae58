// A small line chart on a canvas (uPlot). Its colours are those of the element's CSS.
import uPlot from "uplot";
import type { Maybe } from "../text/format";

export interface LineChartOptions {
  /** Returns the range of the y axis for the range of the data, which is null without data. */
  readonly range: (low: Maybe, high: Maybe) => readonly [number, number];
  readonly fill: boolean;
  /** Charts of one group have synchronized cursors. */
  readonly group: string;
  readonly hovered: (index: number | null) => void;
}

const MIN_SPAN_SECONDS = 60;
const CURSOR_PX = 6;

export class LineChart {
  readonly #element: HTMLElement;
  readonly #spec: LineChartOptions;
  readonly #plot: uPlot;
  #threshold: Maybe = null;
  #colours = { line: "", fill: "", threshold: "" };

  constructor(element: HTMLElement, spec: LineChartOptions) {
    this.#element = element;
    this.#spec = spec;
    this.readColours();
    this.#plot = new uPlot(this.#options(), [[], []], element);
  }

  draw(at: readonly number[], values: readonly Maybe[], threshold: Maybe): void {
    this.#threshold = values.some((value) => value !== null) ? threshold : null;
    const plot = this.#plot;
    const first = at[0] ?? 0;
    const last = at.at(-1) ?? 0;
    plot.batch(() => {
      plot.setData([at as number[], values as Maybe[]], false);
      plot.setScale("x", { min: Math.min(first, last - MIN_SPAN_SECONDS), max: last });
    });
  }

  resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height)) {
      this.#plot.setSize({ width, height });
    }
  }

  readColours(): void {
    const style = getComputedStyle(this.#element);
    this.#colours = { line: style.stroke, fill: style.fill, threshold: style.color };
  }

  redraw(): void {
    this.#plot.redraw(true);
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #options(): uPlot.Options {
    const { clientWidth, clientHeight } = this.#element;
    return {
      width: Math.max(1, clientWidth),
      height: Math.max(1, clientHeight),
      padding: [2, 0, 2, 0],
      pxAlign: false,
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        x: { time: true },
        y: { range: (_, low, high) => [...this.#range(low, high)] },
      },
      series: [
        {},
        {
          stroke: () => this.#colours.line,
          ...(this.#spec.fill ? { fill: () => this.#colours.fill } : {}),
          width: 1.5,
          pxAlign: 0,
          points: { show: (plot, series) => this.#isSinglePoint(plot, series), size: 3 },
        },
      ],
      cursor: {
        y: false,
        move: (plot, left, top) => [this.#snap(plot, left), top],
        drag: { x: false, y: false, setScale: false },
        points: { size: CURSOR_PX, fill: () => this.#colours.line, stroke: "transparent" },
        sync: { key: this.#spec.group, scales: ["x", null] },
      },
      hooks: {
        drawClear: [(plot) => this.#drawThreshold(plot)],
        setCursor: [(plot) => this.#spec.hovered(plot.cursor.idx ?? null)],
      },
    };
  }

  /** Returns the position of the sample nearest to the pointer. */
  #snap(plot: uPlot, left: number): number {
    const at = left < 0 ? undefined : plot.data[0][plot.posToIdx(left)];
    return at === undefined ? left : plot.valToPos(at, "x");
  }

  /** Returns the y range; uPlot passes null or infinite values if there is no data. */
  #range(low: Maybe, high: Maybe): readonly [number, number] {
    const known = (value: Maybe): Maybe => (Number.isFinite(value) ? value : null);
    const lines = this.#threshold === null ? [] : [this.#threshold];
    const values = [known(low), known(high), ...lines].filter((value) => value !== null);
    if (values.length === 0) return this.#spec.range(null, null);
    return this.#spec.range(Math.min(...values), Math.max(...values));
  }

  /** Returns whether there is one value only, which has no line and needs a dot. */
  #isSinglePoint(plot: uPlot, series: number): boolean {
    const values = plot.data[series] ?? [];
    let known = 0;
    for (const value of values) if (value !== null && ++known > 1) return false;
    return known === 1;
  }

  #drawThreshold(plot: uPlot): void {
    if (this.#threshold === null) return;
    const { ctx, bbox } = plot;
    const y = plot.valToPos(this.#threshold, "y", true);
    ctx.save();
    ctx.strokeStyle = this.#colours.threshold;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}
