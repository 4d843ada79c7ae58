// The charts of a view: which lines share one, their order, and which of them come first.
import { areApart, chartOf, mainCharts, orderCharts } from "../curves/names";
import type { Goal, RunInfo } from "../schema/contract.gen";
import type { Curve } from "../state/curve";

/** One metric of one run. */
export interface ChartLine {
  /** The run that is compared with others, to which the line belongs. */
  readonly root: RunInfo;
  /** The run that reported the metric: the root, or one inside it. */
  readonly run: RunInfo;
  readonly metric: string;
  readonly part: "train" | "val" | null;
  readonly curve: Curve;
}

export interface Chart {
  readonly name: string;
  readonly title: string;
  readonly goal: Goal | null;
  readonly lines: readonly ChartLine[];
  /** Whether the lines are of the run around those that are compared, which has steps of its own. */
  readonly outer: boolean;
}

/** A run whose lines are to be drawn. */
export interface LineSource {
  readonly root: RunInfo;
  /** The root and the runs inside it that add lines. */
  readonly tree: readonly RunInfo[];
  /** Whether the run adds charts; one behind adds lines to charts of others only. */
  readonly leads: boolean;
  readonly outer: boolean;
}

/** A value that was reported once beside a line of this length is a number and no chart. */
const LONG = 10;

export class ChartList {
  #order: readonly string[] = [];
  /** Charts whose two parts are too far from each other to share an axis. */
  readonly #apart = new Set<string>();

  /** Returns the charts, the pinned ones first. A chart never moves once it is drawn. */
  charts(
    sources: readonly LineSource[],
    curvesOf: (id: string) => ReadonlyMap<string, Curve>,
    pinned: readonly string[],
  ): readonly Chart[] {
    const found = new Map<string, { title: string; lines: ChartLine[]; outer: boolean }>();
    for (const { root, tree, leads, outer } of sources) {
      const curves = tree.flatMap((run) =>
        [...curvesOf(run.run_id)].map(([metric, curve]) => ({ run, metric, curve })),
      );
      const longest = Math.max(...curves.map(({ curve }) => curve.total));
      for (const { run, metric, curve } of curves) {
        const name = chartOf(metric);
        if (name === null || curve.length === 0) continue;
        const key = outer ? `${name.chart} outer` : name.chart;
        const chart = found.get(key);
        if (chart === undefined && (!leads || (curve.total === 1 && longest >= LONG))) continue;
        const title = name.part === null ? metric : name.chart;
        const line = { root, run, metric, part: name.part, curve };
        if (chart) chart.lines.push(line);
        else found.set(key, { title, lines: [line], outer });
      }
    }
    for (const [name, { lines, outer }] of [...found]) {
      const val = lines.filter(({ part }) => part === "val");
      const others = lines.filter(({ part }) => part !== "val");
      const [one, other] = [val[0], others[0]];
      if (!one || !other) continue;
      const key = `${other.root.run_id} ${name}`;
      if (!this.#apart.has(key) && !areApart(one.curve.mean, other.curve.mean)) continue;
      this.#apart.add(key);
      found.set(name, { title: other.metric, lines: others, outer });
      found.set(`${name} val`, { title: one.metric, lines: val, outer });
    }
    const ranked = [...found].map(([name, { lines }]) => ({
      name,
      goal: goalOf(lines),
      validated: lines.some(({ part }) => part === "val"),
    }));
    this.#order = orderCharts(this.#order, ranked);
    const order = [...pinned, ...this.#order.filter((name) => !pinned.includes(name))];
    return order.flatMap((name) => {
      const chart = found.get(name);
      return chart ? { name, ...chart, goal: goalOf(chart.lines) } : [];
    });
  }
}

function goalOf(lines: readonly ChartLine[]): Goal | null {
  for (const { run, metric } of lines) {
    const best = run.best[metric];
    if (best) return best.goal;
  }
  return null;
}

/** Returns how many charts are shown without a click: those that are pinned, and else two. */
export const firstCharts = (charts: readonly Chart[], pinned: readonly string[]): number =>
  mainCharts(
    charts.map(({ name }) => name),
    charts.filter(({ name }) => pinned.includes(name)).length,
  );

/** Returns the chart by which runs are compared: the first whose metric is to fall or to rise. */
export const mainChart = (charts: readonly Chart[]): Chart | undefined =>
  charts.find(({ goal, outer }) => goal !== null && !outer) ?? charts[0];

/** Returns the line of a run that its numbers are of: the validation, if there is one. */
export const mainLine = (lines: readonly ChartLine[], root: RunInfo): ChartLine | undefined => {
  const own = lines.filter((line) => line.root.run_id === root.run_id);
  return own.find(({ part }) => part === "val") ?? own[0];
};

/** Returns the id of the run with the best value of the main chart. */
export function bestRun(charts: readonly Chart[]): string | undefined {
  const chart = mainChart(charts);
  if (!chart?.goal) return undefined;
  let found: { id: string; value: number } | undefined;
  for (const { root } of chart.lines) {
    const line = mainLine(chart.lines, root);
    const value = line?.run.best[line.metric]?.value;
    if (value === undefined) continue;
    const better = !found || (chart.goal === "min" ? value < found.value : value > found.value);
    if (better) found = { id: root.run_id, value };
  }
  return found?.id;
}
