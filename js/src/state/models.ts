// The models of one monitor, with their history since the page was opened.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ModelInfo } from "../schema/contract.gen";
import { MODEL_CHARTED_METRICS } from "../schema/contract.gen";
import { History, type HistorySample } from "./history";

/** The kernel's own limit; its updates do not say which model it removes. */
export const MAX_MODELS = 1_000;

/** The data of charts, and a number that increases when charts have to be redrawn. */
export interface ChartSeries {
  readonly history: History;
  readonly revision: ReadonlySignal<number>;
}

/** A model and its history. The row of a monitor's only model may be stale: it is not sent. */
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
  /** Models by id; the map is replaced only when a model is added or removed. */
  readonly all: ReadonlySignal<ReadonlyMap<string, TrackedModel>> = this.#all;
  /** The id of the active model, to which predictions without a model id belong. */
  readonly active: ReadonlySignal<string | null> = computed(() => {
    for (const [id, { row }] of this.#all.value) if (row.value.active) return id;
    return null;
  });
  /** Predictions per minute, summed over all models. */
  readonly traffic: ReadonlySignal<number> = computed(() => {
    let sum = 0;
    for (const { row } of this.#all.value.values()) sum += row.value.predictions_per_minute;
    return sum;
  });

  /** Models by id, the one updated last at the end. */
  readonly #known = new Map<string, TrackedModel>();

  /** Applies rows: all models if `whole`, else the changed ones. */
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

  /** Adds a sample to each model's history; the active model's sample is passed separately. */
  tick(at: number, active: HistorySample, gap?: number): void {
    for (const { row, history, revision } of this.#known.values()) {
      const point = row.peek();
      if (history.add(at, point.active ? active : point, gap)) revision.value += 1;
    }
  }
}

/** Compares field by field; lists by their elements. */
const isSame = (a: ModelInfo, b: ModelInfo): boolean =>
  (Object.keys(b) as (keyof ModelInfo)[]).every((field) => String(a[field]) === String(b[field]));
