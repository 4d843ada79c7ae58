// The state of one view of a monitor: the selected model, else the active one, and whether the
// system's details are expanded.
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { DEFAULTS, type MetricsSection, type ModelSection } from "../schema/contract.gen";
import type { ChartSeries, TrackedModel } from "../state/models";
import type { Store } from "../state/store";
import type { Maybe } from "../text/format";
import { CurveView } from "./curveView";

export class ModelSelection {
  readonly store: Store;
  readonly curves: CurveView;
  /** The id of the model that is shown; null if no model has an id. */
  readonly modelId: ReadonlySignal<string | null>;
  /** The selected model; null while the active model is shown. */
  readonly other: ReadonlySignal<TrackedModel | null>;
  readonly model: ReadonlySignal<ModelSection>;
  readonly metrics: ReadonlySignal<MetricsSection>;
  readonly uptime: ReadonlySignal<Maybe>;
  readonly series: ReadonlySignal<ChartSeries>;
  /** Whether this view shows the details of the system. */
  readonly expanded = signal(false);

  readonly #selectedId = signal<string | null>(null);

  constructor(store: Store) {
    const { all, active } = store.models;
    this.store = store;
    this.curves = new CurveView(store);
    this.modelId = computed(() => {
      const selected = this.#selectedId.value;
      return selected !== null && all.value.has(selected) ? selected : active.value;
    });
    this.other = computed(() => {
      const id = this.modelId.value;
      return id === null || id === active.value ? null : (all.value.get(id) ?? null);
    });
    // Fields that a model's row does not have are unknown.
    this.model = computed(() => {
      const row = this.other.value?.row.value;
      return row ? { ...DEFAULTS.ModelSection, ...row } : store.model.value;
    });
    this.metrics = computed(() => {
      const metrics = store.metrics.value;
      const row = this.other.value?.row.value;
      if (!row) return metrics;
      const { task, tolerance, warming } = metrics;
      const shared = { task, tolerance, warming, model_health: row.health };
      return { ...DEFAULTS.MetricsSection, ...row, ...shared };
    });
    this.uptime = computed(() => (this.other.value ? null : store.uptime.value));
    this.series = computed(() => this.other.value ?? store);
  }

  /** Shows a model until it is removed or another is selected; null shows the active model. */
  select(id: string | null): void {
    this.#selectedId.value = id === this.store.models.active.peek() ? null : id;
  }
}
