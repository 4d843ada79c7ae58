// What one view shows of the runs: the chosen run, the charts, their axes and the cursor.
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Range } from "../curves/axes";
import type { XAxis, XTransform } from "../curves/line";
import { chartOf, mainCharts, orderCharts } from "../curves/names";
import type { Goal, RunInfo } from "../schema/contract.gen";
import type { Curve } from "../state/curve";
import {
  parallelRuns,
  previousRun,
  rootsOf,
  stepsPerEpoch,
  totalSteps,
  treeOf,
  withLost,
} from "../state/runTree";
import type { Store } from "../state/store";

/** One metric of one run. */
export interface ChartLine {
  /** The run at the top, to which the line belongs. */
  readonly root: RunInfo;
  /** The run that reported the metric: the one at the top, or one inside it. */
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
}

/** The runs of a view, and their places in the palette; a run without one is grey. */
export interface ShownRuns {
  readonly all: readonly RunInfo[];
  /** The runs that are, or were, open at the same time. */
  readonly parallel: readonly RunInfo[];
  readonly earlier: readonly RunInfo[];
  /** The run whose numbers are in front; undefined without runs. */
  readonly lead: RunInfo | undefined;
  readonly best: RunInfo | undefined;
  readonly places: ReadonlyMap<string, number>;
}

const MAX_PLACES = 8;
/** A value that was reported once beside a line of this length is a number and no chart. */
const LONG = 10;

export class CurveView {
  readonly store: Store;
  readonly axis = signal<XAxis>("step");
  readonly log = signal(false);
  readonly smooth = signal(true);
  /** Whether all charts are shown. */
  readonly more = signal(false);
  readonly filter = signal("");
  /** The id of the run that was brought forward. */
  readonly chosen = signal<string | null>(null);
  /** The place of the cursor on the x axis of all charts. */
  readonly cursor = signal<number | null>(null);
  readonly zoom = signal<Range | null>(null);
  /** The charts in which no value is left out. */
  readonly whole = signal<ReadonlySet<string>>(new Set());
  /** Whether the last run is unfolded beside a model that serves. */
  readonly unfolded = signal(false);

  readonly charts: ReadonlySignal<readonly Chart[]>;
  readonly shown: ReadonlySignal<ShownRuns>;
  /** Whether x can be epochs. */
  readonly epochs: ReadonlySignal<boolean>;
  /** Metrics of the run in front that have no chart, such as a test score. */
  readonly numbers: ReadonlySignal<readonly (readonly [string, number | null])[]>;

  #order: readonly string[] = [];

  constructor(store: Store) {
    this.store = store;
    const group = computed(() => {
      const gone = !(store.connected.value || store.closed.value);
      const all = gone ? withLost(store.runs.all.value) : store.runs.all.value;
      const roots = rootsOf(all);
      return { all, roots, parallel: parallelRuns(roots) };
    });
    this.charts = computed(() => {
      store.runs.revision.value;
      const { all, roots, parallel } = group.value;
      return this.#charts(all, roots, parallel);
    });
    const bestId = computed(() => {
      const { parallel } = group.value;
      return parallel.length > 1 ? bestRun(this.charts.value) : undefined;
    });
    this.shown = computed(() => {
      const { all, roots, parallel } = group.value;
      const of = (id: string | null | undefined): RunInfo | undefined =>
        roots.find((run) => run.run_id === id);
      const best = of(bestId.value);
      const newest = parallel.reduce<RunInfo | undefined>(
        (last, run) => (last && last.started_at > run.started_at ? last : run),
        undefined,
      );
      const chosen = of(this.chosen.value);
      const places = placesOf([chosen, best, newest]);
      const earlier = roots.filter((run) => !parallel.includes(run));
      return { all, parallel, earlier, lead: chosen ?? best ?? newest, best, places };
    });
    this.epochs = computed(() => {
      const { lead, all } = this.shown.value;
      return lead !== undefined && stepsPerEpoch(lead, all) !== null;
    });
    this.numbers = computed(() => {
      const { lead, all } = this.shown.value;
      const lines = this.charts.value.flatMap((chart) => chart.lines);
      const drawn = new Set(lines.map(({ run, metric }) => `${run.run_id} ${metric}`));
      return lead === undefined
        ? []
        : treeOf(lead, all).flatMap((run) =>
            Object.entries(run.metrics).filter(
              ([name]) => chartOf(name) !== null && !drawn.has(`${run.run_id} ${name}`),
            ),
          );
    });
  }

  /** The axis that is drawn: epochs only where there are any. */
  get shownAxis(): XAxis {
    return this.axis.value === "epoch" && !this.epochs.value ? "step" : this.axis.value;
  }

  /** Returns how steps or seconds of a line become x. */
  transform({ root, run }: ChartLine): XTransform {
    const axis = this.shownAxis;
    const { all } = this.shown.value;
    if (axis === "time") return { axis, scale: 1, offset: run.started_at - root.started_at };
    const scale = axis === "epoch" ? 1 / (stepsPerEpoch(root, all) ?? 1) : 1;
    return { axis, scale, offset: 0 };
  }

  /** Returns where the x axis of a run ends, if that is known. */
  total(root: RunInfo): number | null {
    const { all } = this.shown.value;
    const steps = totalSteps(root, all);
    switch (this.shownAxis) {
      case "time":
        return null;
      case "epoch":
        return steps === null ? null : steps / (stepsPerEpoch(root, all) ?? 1);
      default:
        return steps;
    }
  }

  /** Brings a run forward, or back if it is in front already. */
  choose(id: string): void {
    this.chosen.value = this.chosen.peek() === id ? null : id;
  }

  #charts(
    all: readonly RunInfo[],
    roots: readonly RunInfo[],
    parallel: readonly RunInfo[],
  ): readonly Chart[] {
    const { runs } = this.store;
    const first = parallel[0];
    const before = first && previousRun(first, roots, parallel);
    const chosen = roots.find((run) => run.run_id === this.chosen.value);
    const behind = [before, chosen].filter((run) => run && !parallel.includes(run));
    const found = new Map<string, { title: string; lines: ChartLine[] }>();
    for (const root of [...parallel, ...(behind as RunInfo[])]) {
      const tree = treeOf(root, all);
      const curves = tree.flatMap((run) =>
        [...runs.curves(run.run_id)].map(([metric, curve]) => ({ run, metric, curve })),
      );
      const longest = Math.max(...curves.map(({ curve }) => curve.total));
      for (const { run, metric, curve } of curves) {
        const name = chartOf(metric);
        if (name === null || curve.length === 0) continue;
        const chart = found.get(name.chart);
        if (chart === undefined) {
          // Runs behind add no chart of their own.
          if (behind.includes(root) && parallel.length > 0 && root !== chosen) continue;
          if (curve.total === 1 && longest >= LONG) continue;
        }
        const { lines, title } = chart ?? {
          lines: [],
          title: name.part === null ? metric : name.chart,
        };
        lines.push({ root, run, metric, part: name.part, curve });
        found.set(name.chart, { lines, title });
      }
    }
    const ranked = [...found].map(([name, { lines }]) => ({
      name,
      goal: goalOf(lines),
      validated: lines.some(({ part }) => part === "val"),
    }));
    this.#order = orderCharts(this.#order, ranked);
    return this.#order.flatMap((name) => {
      const chart = found.get(name);
      return chart ? { name, ...chart, goal: goalOf(chart.lines) } : [];
    });
  }

  /** Returns how many charts are shown without a click. */
  get mainCount(): number {
    return mainCharts(this.charts.value.map(({ name }) => name));
  }
}

function goalOf(lines: readonly ChartLine[]): Goal | null {
  for (const { run, metric } of lines) {
    const best = run.best[metric];
    if (best) return best.goal;
  }
  return null;
}

/** Returns the line of a run that its numbers are of: the validation, if there is one. */
export const mainLine = (lines: readonly ChartLine[], root: RunInfo): ChartLine | undefined => {
  const own = lines.filter((line) => line.root.run_id === root.run_id);
  return own.find(({ part }) => part === "val") ?? own[0];
};

/** Returns the line whose values tell most of the run in front: that of the first chart. */
export function frontLine(view: CurveView): ChartLine | undefined {
  const [chart] = view.charts.value;
  const { lead } = view.shown.value;
  return chart && lead && mainLine(chart.lines, lead);
}

/** Returns the id of the run with the best value of the first chart. */
function bestRun([chart]: readonly Chart[]): string | undefined {
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

/** Returns the places of the runs in colour; one whose place is taken gets the next free one. */
function placesOf(runs: readonly (RunInfo | undefined)[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const taken = new Set<number>();
  for (const run of runs) {
    if (run === undefined || places.has(run.run_id)) continue;
    let place = (run.place ?? 0) % MAX_PLACES;
    while (taken.has(place)) place = (place + 1) % MAX_PLACES;
    taken.add(place);
    places.set(run.run_id, place);
  }
  return places;
}
