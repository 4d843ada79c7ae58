// The models of one monitor: a row for each, and its charts since the page was opened.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ModelInfo } from "../schema/contract.gen";
import { CHARTED_OF_MODELS, type ChartPoint, History } from "./history";

/** As many as a kernel keeps. Which one it forgets, it does not say on the way. */
export const MOST_MODELS = 1_000;

/** Columns that charts draw, and a count of the changes worth drawing. */
export interface Series {
  readonly history: History;
  readonly drawn: ReadonlySignal<number>;
}

/** A model, and what was seen of it. A row that is alone may be out of date: it does not travel. */
export class Tracked implements Series {
  readonly row: Signal<ModelInfo>;
  readonly history = new History(CHARTED_OF_MODELS);
  readonly drawn = signal(0);

  constructor(row: ModelInfo) {
    this.row = signal(row);
  }
}

export class Models {
  readonly #all = signal<ReadonlyMap<string, Tracked>>(new Map());
  /** By their ids; another map whenever a model came or went, the same while rows change. */
  readonly all: ReadonlySignal<ReadonlyMap<string, Tracked>> = this.#all;
  /** The id of the model that predictions belong to which name none. */
  readonly active: ReadonlySignal<string | null> = computed(() => {
    for (const [id, { row }] of this.#all.value) if (row.value.active) return id;
    return null;
  });
  /** Predictions per minute of all models together. */
  readonly traffic: ReadonlySignal<number> = computed(() => {
    let sum = 0;
    for (const { row } of this.#all.value.values()) sum += row.value.predictions_per_minute;
    return sum;
  });

  /** The one that changed last comes last. */
  readonly #known = new Map<string, Tracked>();

  /** Takes rows: all there are when `whole`, else those that changed. */
  receive(rows: readonly ModelInfo[], whole: boolean): void {
    const known = this.#known;
    let same = true;
    for (const row of rows) {
      const model = known.get(row.model_id);
      same &&= model !== undefined;
      known.delete(row.model_id);
      known.set(row.model_id, model ?? new Tracked(row));
      if (model && !isSame(model.row.peek(), row)) model.row.value = row;
    }
    const ids = new Set(rows.map((row) => row.model_id));
    for (const [id, { row }] of known) {
      if (whole ? ids.has(id) : known.size <= MOST_MODELS || row.peek().active) continue;
      known.delete(id);
      same = false;
    }
    if (!same) this.#all.value = new Map(known);
  }

  /** Adds a point to the charts of each; that of the active one is told apart from its row. */
  tick(at: number, active: ChartPoint, gap?: number): void {
    for (const { row, history, drawn } of this.#known.values()) {
      const point = row.peek();
      if (history.add(at, point.active ? active : point, gap)) drawn.value += 1;
    }
  }
}

/** Lists count as the same when they read the same. */
const isSame = (a: ModelInfo, b: ModelInfo): boolean =>
  (Object.keys(b) as (keyof ModelInfo)[]).every((field) => String(a[field]) === String(b[field]));
