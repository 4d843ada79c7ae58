// What one view shows of the runs: the chosen run, the charts, their axes and the cursor.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Range } from "../curves/axes";
import type { XAxis, XTransform } from "../curves/line";
import { chartOf } from "../curves/names";
import type { RunInfo } from "../schema/contract.gen";
import {
  comparedRuns,
  ownTree,
  previousRun,
  rootsOf,
  rowsInside,
  stepsPerEpoch,
  totalSteps,
  withLost,
} from "../state/runTree";
import type { Store } from "../state/store";
import {
  bestRun,
  type Chart,
  type ChartLine,
  ChartList,
  firstCharts,
  type LineSource,
  mainChart,
  mainLine,
} from "./charts";

import { CurveZoom, coarsePart, type Detail } from "./curveZoom";

/** The runs of a view, and their places in the palette; a run without one is grey. */
export interface ShownRuns {
  readonly all: readonly RunInfo[];
  /** The runs that are compared: those that are, or were, open at the same time. */
  readonly parallel: readonly RunInfo[];
  /** The runs inside which these were opened. */
  readonly around: readonly RunInfo[];
  readonly earlier: readonly RunInfo[];
  /** The run whose numbers are in front; undefined without runs. */
  readonly lead: RunInfo | undefined;
  readonly best: RunInfo | undefined;
  readonly places: ReadonlyMap<string, number>;
}

/** What the charts with one x axis share. */
export interface ChartPlace {
  /** The place of the cursor. */
  readonly cursor: Signal<number | null>;
  readonly zoom: Signal<Range | null>;
}

const MAX_PLACES = 8;
/** More charts than these are found by their name. */
export const MAX_CHARTS = 12;

const chartPlace = (): ChartPlace => ({ cursor: signal(null), zoom: signal(null) });

export class CurveView {
  readonly store: Store;
  readonly axis = signal<XAxis>("step");
  readonly log = signal(false);
  readonly smooth = signal(true);
  /** Whether all charts are shown. */
  readonly more = signal(false);
  readonly filter = signal("");
  /** The names of the charts that are shown first. */
  readonly pinned = signal<readonly string[]>([]);
  /** The id of the run that was brought forward. */
  readonly chosen = signal<string | null>(null);
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

  readonly #zoom: CurveZoom;
  readonly #inner = chartPlace();
  /** Of the runs around those that are compared. */
  readonly #outer = chartPlace();
  readonly #list = new ChartList();

  constructor(store: Store) {
    this.store = store;
    this.#zoom = new CurveZoom(store.runs);
    const group = computed(() => {
      const gone = !(store.connected.value || store.closed.value);
      const all = gone ? withLost(store.runs.all.value) : store.runs.all.value;
      return { all, roots: rootsOf(all), ...comparedRuns(all) };
    });
    this.charts = computed(() => {
      const { runs } = store;
      runs.revision.value;
      const { all, roots, top, rows, around } = group.value;
      const chosen = roots.find((run) => run.run_id === this.chosen.value);
      const sources: LineSource[] = rows.map((root) => ({
        ...{ root, tree: ownTree(root, all, rows), leads: true, outer: false },
      }));
      for (const root of around) {
        sources.push({ root, tree: ownTree(root, all, rows), leads: true, outer: true });
      }
      const before = top[0] && previousRun(top[0], roots, top);
      for (const root of new Set([before, chosen])) {
        if (!root || top.includes(root)) continue;
        const tree = ownTree(root, all, root === chosen ? [] : rowsInside(root, all));
        // A run behind is compared with what it is like: the run around folds, or a run alone.
        const outer = around.length > 0 && root !== chosen;
        sources.push({ root, tree, leads: root === chosen, outer });
      }
      return this.#list.charts(sources, (id) => runs.curves(id), this.pinned.value);
    });
    const bestId = computed(() =>
      group.value.rows.length > 1 ? bestRun(this.charts.value) : undefined,
    );
    this.shown = computed(() => {
      const { all, roots, top, rows, around } = group.value;
      const of = (id: string | null | undefined): RunInfo | undefined =>
        [...rows, ...roots].find((run) => run.run_id === id);
      const best = of(bestId.value);
      const newest = rows.reduce<RunInfo | undefined>(
        (last, run) => (last && last.started_at > run.started_at ? last : run),
        undefined,
      );
      const chosen = of(this.chosen.value);
      const places = placesOf([chosen, best, newest, ...around]);
      const earlier = roots.filter((run) => !top.includes(run));
      const lead = chosen ?? best ?? newest;
      return { all, parallel: rows, around, earlier, lead, best, places };
    });
    this.epochs = computed(() => {
      const { lead, all } = this.shown.value;
      return lead !== undefined && this.#epochSteps(lead, all) !== null;
    });
    this.numbers = computed(() => {
      const { lead, around, parallel, all } = this.shown.value;
      const lines = this.charts.value.flatMap((chart) => chart.lines);
      const drawn = new Set(lines.map(({ run, metric }) => `${run.run_id} ${metric}`));
      const runs = [...around, ...(lead ? [lead] : [])];
      return runs
        .flatMap((run) => ownTree(run, all, parallel))
        .flatMap((run) =>
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

  /** Returns the cursor and the zoom of a chart. */
  place({ outer }: Chart): ChartPlace {
    return outer ? this.#outer : this.#inner;
  }

  /** Returns how steps or seconds of a line become x. */
  transform({ root, run }: ChartLine): XTransform {
    const axis = this.shownAxis;
    const { all } = this.shown.value;
    if (axis === "time") return { axis, scale: 1, offset: run.started_at - root.started_at };
    const scale = axis === "epoch" ? 1 / (this.#epochSteps(root, all) ?? 1) : 1;
    return { axis, scale, offset: 0 };
  }

  /** Returns where the x axis of a run ends, if that is known. */
  total(root: RunInfo): number | null {
    const { all, around } = this.shown.value;
    const steps = around.includes(root) ? root.total : totalSteps(root, all);
    switch (this.shownAxis) {
      case "time":
        return null;
      case "epoch":
        return steps === null ? null : steps / (this.#epochSteps(root, all) ?? 1);
      default:
        return steps;
    }
  }

  #epochSteps(root: RunInfo, all: readonly RunInfo[]): number | null {
    return this.shown.value.around.includes(root) ? null : stepsPerEpoch(root, all);
  }

  showAxis(axis: XAxis): void {
    this.axis.value = axis;
    for (const place of [this.#inner, this.#outer]) place.zoom.value = place.cursor.value = null;
  }

  /** What of the zoom the page has. */
  get detail(): Detail {
    return this.#zoom.detail.value;
  }

  /** The cursor and the zoom of the charts that are zoomed, if any are. */
  get zoomed(): ChartPlace | undefined {
    return [this.#inner, this.#outer].find(({ zoom }) => zoom.value !== null);
  }

  /** Zooms the charts with one x axis, and loads what the page lacks; null shows everything. */
  zoomTo(place: ChartPlace, range: Range | null): void {
    place.zoom.value = range;
    place.cursor.value = null;
    const { places } = this.shown.peek();
    const shown = this.charts.peek().slice(0, this.more.peek() ? MAX_CHARTS : this.mainCount);
    const lines = shown
      .filter((chart) => this.place(chart) === place)
      .flatMap((chart) => chart.lines.filter(({ root }) => places.has(root.run_id)));
    void this.#zoom.load(
      lines.flatMap((line) => (range && coarsePart(line, this.transform(line), range)) ?? []),
    );
  }

  /** Brings a run forward, or back if it is in front already. */
  choose(id: string): void {
    this.chosen.value = this.chosen.peek() === id ? null : id;
  }

  /** Shows a chart first, behind those that were pinned before, or no longer. */
  pin(name: string): void {
    const before = this.pinned.peek();
    this.pinned.value = before.includes(name)
      ? before.filter((other) => other !== name)
      : [...before, name];
  }

  /** Returns how many charts are shown without a click. */
  get mainCount(): number {
    return firstCharts(this.charts.value, this.pinned.value);
  }
}

/** Returns the line whose values tell most of the run in front. */
export function frontLine(view: CurveView): ChartLine | undefined {
  const chart = mainChart(view.charts.value);
  const { lead } = view.shown.value;
  return chart && lead && mainLine(chart.lines, lead);
}

/** Returns the places of the runs in colour; one whose place is taken gets the next free one. */
function placesOf(runs: readonly (RunInfo | undefined)[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const taken = new Set<number>();
  for (const run of runs) {
    if (run === undefined || places.has(run.run_id) || taken.size === MAX_PLACES) continue;
    // A run inside another has no place of its own: its number stays with it, too.
    let place = (run.place ?? Number(/\d+$/.exec(run.run_id)?.[0] ?? 0)) % MAX_PLACES;
    while (taken.has(place)) place = (place + 1) % MAX_PLACES;
    taken.add(place);
    places.set(run.run_id, place);
  }
  return places;
}
