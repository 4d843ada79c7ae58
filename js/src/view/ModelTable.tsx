import { type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useContext, useMemo, useRef } from "preact/hooks";
import type { ModelInfo } from "../schema/contract.gen";
import type { TrackedModel } from "../state/models";
import { count, errorSize, latency, ratio, ratioWhole, shortCount } from "../text/format";
import type { Language } from "../text/language";
import { evidence, reasonText, statusLabel, statusTone } from "./labels";
import { useLanguage } from "./languageContext";
import { stableOrder } from "./modelOrder";
import type { ModelSelection } from "./modelSelection";
import { ChartGroupContext } from "./Sparkline";
import { accuracyLabel } from "./Tiles";
import { Vital } from "./vital";

/** The rows that are shown while the table is collapsed. */
const COLLAPSED_ROWS = 8;

/** Renders all models for comparison; selecting one shows it in this view. */
export function ModelTable({ selection }: { selection: ModelSelection }): JSX.Element | null {
  const trans = useLanguage();
  const { models } = selection.store;
  const list = useRef<HTMLDivElement>(null);
  const order = useMemo(() => stableOrder(models, () => inUse(list.current)), [models]);
  const expanded = useSignal(false);
  const regression = useComputed(() => selection.store.metrics.value.task === "regression");
  const tolerance = useComputed(() => selection.store.metrics.value.tolerance);
  const all = models.all.value;
  if (all.size < 2) return null;
  const ids = order.value;
  const shown = expanded.value ? ids : collapsedIds(ids, selection.modelId.value);
  return (
    <section class="v-models">
      <div class="v-model v-columns" aria-hidden="true">
        <b>
          {trans.__("Models")} <small>{count(all.size)}</small>
        </b>
        <span />
        <span>{accuracyLabel(tolerance.value, trans)}</span>
        <span>{regression.value ? "MAE" : trans.__("Share")}</span>
        <span>{trans.__("Predictions")}</span>
        <span>{trans.__("Latency p95")}</span>
      </div>
      <div
        ref={list}
        class="v-choice"
        role="radiogroup"
        aria-label={trans.__("Model to show")}
        onKeyDown={stopNotebookKeys}
      >
        {shown.map((id) => {
          const model = all.get(id);
          return model ? (
            <ModelRow
              key={id}
              id={id}
              model={model}
              selection={selection}
              regression={regression}
            />
          ) : null;
        })}
      </div>
      {ids.length > COLLAPSED_ROWS ? (
        <button
          class="v-button"
          type="button"
          aria-expanded={expanded.value}
          onClick={() => {
            expanded.value = !expanded.value;
          }}
        >
          {expanded.value
            ? trans.__("Show %1", COLLAPSED_ROWS)
            : trans.__("Show all %1", count(ids.length))}
        </button>
      ) : null}
    </section>
  );
}

/** Returns whether the pointer is over the list, or the keyboard focus in it. */
const inUse = (list: Element | null): boolean =>
  list?.matches(":hover, :has(:focus-visible)") ?? false;

/** Returns the first ids, among them the selected one. */
function collapsedIds(ids: readonly string[], shown: string | null): readonly string[] {
  const few = ids.slice(0, COLLAPSED_ROWS);
  if (shown !== null && !few.includes(shown)) few[COLLAPSED_ROWS - 1] = shown;
  return few;
}

/** Keeps the keys that select a model from the notebook, which has commands for them. */
function stopNotebookKeys(event: KeyboardEvent): void {
  if (!/^(Arrow.*| |Enter)$/.test(event.key)) return;
  event.stopPropagation();
  if (event.key === "Enter") (event.target as HTMLElement).click();
}

interface ModelRowProps {
  id: string;
  model: TrackedModel;
  selection: ModelSelection;
  regression: ReadonlySignal<boolean>;
}

/** Renders one model; re-rendered only when its own row changes. */
export function ModelRow({ id, model, selection, regression }: ModelRowProps): JSX.Element {
  const trans = useLanguage();
  const { name: group } = useContext(ChartGroupContext);
  const row = model.row.value;
  const isSelected = useComputed(() => selection.modelId.value === id);
  const share = useComputed(() => {
    const all = selection.store.models.traffic.value;
    return ratioWhole(all === 0 ? null : model.row.value.predictions_per_minute / all);
  });
  const { current_accuracy: accuracy, latency_p95_seconds: p95, status, active } = row;
  const { value, unit } = latency(p95);
  // An id refers to one element of the page, and must not contain white space.
  const descriptionId = `${group}-${encodeURIComponent(id)}`;
  const reason = statusReason(row, trans);
  const basis = accuracy === null ? undefined : accuracyBasis(row, trans);
  const unhealthy = row.health === "degraded" || row.health === "unhealthy";
  const poor = unhealthy && (accuracy ?? 1) < (row.accuracy_threshold ?? 0);
  return (
    <label class="v-model" data-tone={statusTone(status)}>
      <input
        type="radio"
        name={`${group}-model`}
        value={id}
        checked={isSelected.value}
        // The name has no figures, because they change each second.
        aria-label={[
          [row.name ?? id, row.version].filter(Boolean).join(" "),
          statusLabel(status, trans),
          ...(active ? [trans.__("active")] : []),
        ].join(", ")}
        aria-describedby={descriptionId}
        onChange={() => selection.select(id)}
      />
      <span class="v-who">
        <i class="v-dot" />
        <Vital of={`models.${id}.name`} class="v-name" title={id}>
          {row.name ?? id}
        </Vital>
        <Vital of={`models.${id}.version`} class="v-version">
          {row.version ?? ""}
        </Vital>
        {active ? (
          <Vital of={`models.${id}.active`} class="v-pill" tone="muted">
            {trans.__("active")}
          </Vital>
        ) : null}
      </span>
      <Vital of={`models.${id}.status`} class="v-status" title={reason}>
        {statusLabel(status, trans)}
      </Vital>
      <Vital
        of={`models.${id}.current_accuracy`}
        unit="%"
        tone={poor ? "warn" : undefined}
        title={basis}
      >
        {ratio(accuracy)}
      </Vital>
      {regression.value ? (
        <Vital of={`models.${id}.mae`}>{errorSize(row.mae)}</Vital>
      ) : (
        <Vital of={`models.${id}.share`}>{share}</Vital>
      )}
      <Vital of={`models.${id}.predictions_per_minute`} unit="/min">
        {shortCount(row.predictions_per_minute)}
      </Vital>
      <Vital of={`models.${id}.latency_p95_seconds`} unit={unit}>
        {value}
      </Vital>
      <span id={descriptionId} class="v-said">
        {[id, reason, basis].filter(Boolean).join(". ")}
      </span>
    </label>
  );
}

/** Returns the reason of a status with its evidence. */
const statusReason = (row: ModelInfo, trans: Language): string =>
  [reasonText(row, trans), evidence(row, trans)].filter(Boolean).join(": ");

/** Returns the confidence interval and the sample size of an accuracy. */
function accuracyBasis(row: ModelInfo, trans: Language): string {
  const { accuracy_low: low, accuracy_high: high, window_labelled: n } = row;
  const labels = trans._n("last %2 label", "last %2 labels", n, count(n));
  return `${ratio(low)}–${ratio(high)} %, ${labels}`;
}
