// The models of one monitor: a row for each, and its charts since the page was opened.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ModelInfo } from "../schema/contract.gen";
import { History, type HistorySample, MODEL_CHARTED_METRICS } from "./history";

/** As many as a kernel keeps. Which one it forgets, it does not say on the way. */
export const MAX_MODELS = 1_000;

/** Columns that charts draw, and a count of the changes worth drawing. */
export interface ChartSeries {
  readonly history: History;
  readonly revision: ReadonlySignal<number>;
}

/** A model, and what was seen of it. A row that is alone may be out of date: it does not travel. */
export class TrackedModel implements ChartSeries {
  readonly row: Signal<ModelInfo>;
  readonly history = new History(MODEL_CHARTED_METRICS);
  readonly revision = signal(0);

  constructor(row: ModelInfo) {
    this.row = signal(row);
  }
}

export class ModelRegistry {
  readonly #all = signal<ReadonlyMap<string, TrackedModel>>(new Map());
  /** By their ids; another map whenever a model came or went, the same while rows change. */
  readonly all: ReadonlySignal<ReadonlyMap<string, TrackedModel>> = this.#all;
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
  readonly #known = new Map<string, TrackedModel>();

  /** Takes rows: all there are when `whole`, else those that changed. */
  receive(rows: readonly ModelInfo[], whole: boolean): void {
    const known = this.#known;
    let unchanged = true;
    for (const row of rows) {
      const model = known.get(row.model_id);
      unchanged &&= model !== undefined;
      known.delete(row.model_id);
      known.set(row.model_id, model ?? new TrackedModel(row));
      if (model && !isSame(model.row.peek(), row)) model.row.value = row;
    }
    const ids = new Set(rows.map((row) => row.model_id));
    for (const [id, { row }] of known) {
      if (whole ? ids.has(id) : known.size <= MAX_MODELS || row.peek().active) continue;
      known.delete(id);
      unchanged = false;
    }
    if (!unchanged) this.#all.value = new Map(known);
  }

  /** Adds a point to the charts of each; that of the active one is told apart from its row. */
  tick(at: number, active: HistorySample, gap?: number): void {
    for (const { row, history, revision } of this.#known.values()) {
      const point = row.peek();
      if (history.add(at, point.active ? active : point, gap)) revision.value += 1;
    }
  }
}

/** Lists count as the same when they read the same. */
const isSame = (a: ModelInfo, b: ModelInfo): boolean =>
  (Object.keys(b) as (keyof ModelInfo)[]).every((field) => String(a[field]) === String(b[field]));
