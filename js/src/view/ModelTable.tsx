import { type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useContext, useMemo, useRef } from "preact/hooks";
import type { ModelInfo } from "../schema/contract.gen";
import type { Tracked } from "../state/models";
import { count, errorSize, latency, ratio, ratioWhole, shortCount } from "../text/format";
import type { Language } from "../text/language";
import { evidence, statusTone, statusWord } from "./labels";
import { useLanguage } from "./languageContext";
import { orderIn } from "./modelOrder";
import type { Subject } from "./modelSelection";
import { ChartGroup } from "./Sparkline";
import { accuracyWord } from "./Tiles";
import { Vital } from "./vital";

/** More models than these are shown on demand. */
const FEW = 8;

/** All models, to be compared; the one that is chosen is what this view shows. */
export function Models({ subject }: { subject: Subject }): JSX.Element | null {
  const trans = useLanguage();
  const { models } = subject.store;
  const list = useRef<HTMLDivElement>(null);
  const order = useMemo(() => orderIn(models, () => inUse(list.current)), [models]);
  const unfolded = useSignal(false);
  const regression = useComputed(() => subject.store.metrics.value.task === "regression");
  const tolerance = useComputed(() => subject.store.metrics.value.tolerance);
  const all = models.all.value;
  if (all.size < 2) return null;
  const ids = order.value;
  const shown = unfolded.value ? ids : foremost(ids, subject.id.value);
  return (
    <section class="v-models">
      <div class="v-model v-columns" aria-hidden="true">
        <b>
          {trans.__("Models")} <small>{count(all.size)}</small>
        </b>
        <span />
        <span>{accuracyWord(tolerance.value, trans)}</span>
        <span>{regression.value ? "MAE" : trans.__("Share")}</span>
        <span>{trans.__("Predictions")}</span>
        <span>{trans.__("Latency p95")}</span>
      </div>
      <div
        ref={list}
        class="v-choice"
        role="radiogroup"
        aria-label={trans.__("Model to show")}
        onKeyDown={keepFromPage}
      >
        {shown.map((id) => {
          const model = all.get(id);
          return model ? (
            <ModelRow key={id} id={id} model={model} subject={subject} regression={regression} />
          ) : null;
        })}
      </div>
      {ids.length > FEW ? (
        <button
          class="v-button"
          type="button"
          aria-expanded={unfolded.value}
          onClick={() => {
            unfolded.value = !unfolded.value;
          }}
        >
          {unfolded.value ? trans.__("Show %1", FEW) : trans.__("Show all %1", count(ids.length))}
        </button>
      ) : null}
    </section>
  );
}

/** Whether the pointer is over the list, or the keyboard in it. */
const inUse = (list: Element | null): boolean =>
  list?.matches(":hover, :has(:focus-visible)") ?? false;

/** The first few, among them the one that is shown. */
function foremost(ids: readonly string[], shown: string | null): readonly string[] {
  const few = ids.slice(0, FEW);
  if (shown !== null && !few.includes(shown)) few[FEW - 1] = shown;
  return few;
}

/** Notebooks have commands for the keys that choose here. */
function keepFromPage(event: KeyboardEvent): void {
  if (!/^(Arrow.*| |Enter)$/.test(event.key)) return;
  event.stopPropagation();
  if (event.key === "Enter") (event.target as HTMLElement).click();
}

interface RowProps {
  id: string;
  model: Tracked;
  subject: Subject;
  regression: ReadonlySignal<boolean>;
}

/** One model. It is drawn when its own row changes, whatever else does. */
export function ModelRow({ id, model, subject, regression }: RowProps): JSX.Element {
  const trans = useLanguage();
  const group = useContext(ChartGroup);
  const row = model.row.value;
  const chosen = useComputed(() => subject.id.value === id);
  const share = useComputed(() => {
    const all = subject.store.models.traffic.value;
    return ratioWhole(all === 0 ? null : model.row.value.predictions_per_minute / all);
  });
  const { current_accuracy: accuracy, latency_p95_seconds: p95, status, active } = row;
  const { value, unit } = latency(p95);
  const judged = row.health === "degraded" || row.health === "unhealthy";
  const poor = judged && (accuracy ?? 1) < (row.accuracy_threshold ?? 0);
  return (
    <label class="v-model" data-tone={statusTone(status)}>
      <input
        type="radio"
        name={`${group}-model`}
        value={id}
        checked={chosen.value}
        // Figures, which change each second, would be read again and again.
        aria-label={[
          [row.name ?? id, row.version].filter(Boolean).join(" "),
          statusWord(status, trans),
          ...(active ? [trans.__("active")] : []),
        ].join(", ")}
        onChange={() => subject.choose(id)}
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
      <Vital of={`models.${id}.status`} class="v-status" title={why(row, trans)}>
        {statusWord(status, trans)}
      </Vital>
      <Vital
        of={`models.${id}.current_accuracy`}
        unit="%"
        tone={poor ? "warn" : undefined}
        title={accuracy === null ? undefined : rests(row, trans)}
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
    </label>
  );
}

/** Why a status is what it is. */
const why = (row: ModelInfo, trans: Language): string =>
  [row.reason && trans.known(row.reason), evidence(row, trans)].filter(Boolean).join(": ");

/** What an accuracy rests on. */
function rests(row: ModelInfo, trans: Language): string {
  const { accuracy_low: low, accuracy_high: high, window_labelled: n } = row;
  const labels = trans._n("last %2 label", "last %2 labels", n, count(n));
  return `${ratio(low)}–${ratio(high)} %, ${labels}`;
}
