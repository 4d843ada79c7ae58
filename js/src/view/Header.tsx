import { useComputed } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import {
  ago,
  clock,
  count,
  delay,
  duration,
  moment,
  ratioWhole,
  roughly,
  UNKNOWN,
} from "../text/format";
import type { Language } from "../text/language";
import {
  evidence,
  needsAttention,
  reasonText,
  sampleSize,
  stalenessText,
  statusLabel,
  statusTone,
  valueLabel,
} from "./labels";
import { interpolate, useLanguage } from "./languageContext";
import type { ModelSelection } from "./modelSelection";
import { VisuallyHidden, Vital, type VitalName } from "./vital";

export function Header({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const { name, version, status, model_id, status_since } = selection.model.value;
  const known = name !== null || model_id !== null;
  const since = sinceText(status_since, trans);
  return (
    <header class="v-head" data-tone={statusTone(status)}>
      <div class="v-who">
        <i class="v-dot" />
        <h3 class="v-title">
          <Vital of="model.name" class="v-name" title={name ?? undefined}>
            {name ?? UNKNOWN}
          </Vital>
          <Vital of="model.version" class="v-version" title={version ?? undefined}>
            {version ?? (known ? "" : trans.__("no model yet"))}
          </Vital>
        </h3>
        <Vital of="model.status" class="v-pill" title={since}>
          {statusLabel(status, trans)}
        </Vital>
        {since === undefined ? null : <VisuallyHidden>{since}</VisuallyHidden>}
      </div>
      <UptimeLine selection={selection} />
    </header>
  );
}

const sinceText = (at: number | null, trans: Language): string | undefined =>
  at === null ? undefined : trans.__("since %1", moment(at, trans) ?? "");

/** Renders the uptime or, if values are stale, when the last update was. */
function UptimeLine({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const { store } = selection;
  const uptime = useComputed(() => duration(selection.uptime.value));
  const staleness = useComputed(() => stalenessText(store, trans));
  const { monitor } = store;
  return (
    <p class="v-meta">
      {monitor.value && monitor.value !== "default" ? (
        <>
          <VisuallyHidden>{trans.__("monitor")}</VisuallyHidden>
          <span class="v-monitor" title={trans.__("monitor %1", monitor.value)}>
            {monitor.value}
          </span>
        </>
      ) : null}
      <span hidden={staleness.value !== ""}>
        {interpolate(trans.__("up %1", "%1"), <Vital of="model.uptime_seconds">{uptime}</Vital>)}
      </span>
      <span class="v-freshness" hidden={staleness.value === ""}>
        {staleness}
      </span>
      {selection.other.value === null ? null : (
        <button class="v-button" type="button" onClick={() => selection.select(null)}>
          {trans.__("Show active model")}
        </button>
      )}
    </p>
  );
}

interface BannerProps {
  selection: ModelSelection;
  /** The button that acts on the active model. */
  action?: ComponentChildren;
}

export function Banner({ selection, action }: BannerProps): JSX.Element | null {
  const trans = useLanguage();
  const { store } = selection;
  const model = selection.model.value;
  const { status, status_since, acknowledged_at } = model;
  if (!needsAttention(status)) return null;
  const proof = evidence(model, trans);
  const size = proof ? sampleSize(model, trans) : undefined;
  return (
    <div class="v-banner" data-tone={statusTone(status)}>
      <p>
        <Vital of="model.reason">{reasonText(model, trans) || statusLabel(status, trans)}</Vital>
        {proof ? (
          <>
            : <span class="v-proof">{proof}</span>
          </>
        ) : null}
      </p>
      <span class="v-since">
        {size === undefined ? null : (
          <>
            <Vital of="model.reason_n">{size}</Vital>
            {status_since === null ? null : " · "}
          </>
        )}
        {status_since === null ? null : <StatusSince store={store} at={status_since} />}
        {acknowledged_at === null ? null : (
          <>
            {" · "}
            <Vital of="model.acknowledged_at" title={moment(acknowledged_at, trans)}>
              {trans.__("acknowledged %1", clock(acknowledged_at, store.now.value, trans))}
            </Vital>
          </>
        )}
      </span>
      {selection.other.value === null ? action : null}
    </div>
  );
}

function StatusSince({ store, at }: { store: ModelSelection["store"]; at: number }): JSX.Element {
  const trans = useLanguage();
  const text = useComputed(() => {
    const now = store.now.value;
    return trans.__("since %1, %2", clock(at, now, trans), roughly(now - at));
  });
  return (
    <Vital of="model.status_since" title={moment(at, trans)}>
      {text}
    </Vital>
  );
}

export function Facts({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const model = selection.model.value;
  const trained = useComputed(() =>
    ago(selection.model.value.trained_at, selection.store.now.value, trans),
  );
  const { trained_at } = model;
  const metrics = selection.metrics.value;
  const { total_labelled, total_errors, errors_per_minute } = metrics;
  const total = Math.max(model.total_predictions, metrics.total_predictions);
  return (
    <dl class="v-facts">
      <Fact
        label={
          <>
            <span class="v-wide">{trans.__("Last trained")}</span>
            <span class="v-narrow">{trans.__("Trained")}</span>
          </>
        }
        of="model.trained_at"
        hint={moment(trained_at, trans)}
      >
        {trained}
      </Fact>
      <Fact label={trans.__("Predictions")} of="model.total_predictions">
        {count(total)}
      </Fact>
      <Fact
        label={trans.__("Labelled")}
        of="metrics.label_coverage"
        hint={trans._n("%2 label", "%2 labels", total_labelled, count(total_labelled))}
      >
        {ratioWhole(metrics.label_coverage)}
      </Fact>
      <LateLabels selection={selection} />
      <Fact
        label={trans.__("Errors")}
        of="metrics.total_errors"
        hint={trans.__("%1 in the last minute", count(errors_per_minute))}
      >
        {count(total_errors)}
      </Fact>
    </dl>
  );
}

/** Renders from where a model of an earlier kernel goes on, and how to begin anew. */
export function Resumed({ selection }: { selection: ModelSelection }): JSX.Element | null {
  const trans = useLanguage();
  const { resumed_from_at: at, resumed_predictions: n } = selection.model.value;
  if (n === null) return null;
  const predictions = (
    <Vital of="model.resumed_predictions">
      {trans._n("%2 prediction", "%2 predictions", n, count(n))}
    </Vital>
  );
  return (
    <p class="v-resumed">
      {at === null
        ? interpolate(trans.__("Goes on from %1", "%1"), predictions)
        : interpolate(
            trans.__("Goes on from %1, %2", "%1", "%2"),
            <Vital of="model.resumed_from_at" title={moment(at, trans)}>
              {clock(at, selection.store.now.value, trans)}
            </Vital>,
            predictions,
          )}
      <span> · {trans.__("another version= or name= begins anew")}</span>
    </p>
  );
}

interface FactProps {
  label: ComponentChildren;
  of: VitalName;
  /** Explains the value: shown on hover, and read by screen readers. */
  hint?: string | undefined;
  children: ComponentChildren;
  /** What screen readers read in place of the hint. */
  more?: ComponentChildren;
}

const Fact = ({ label, of, hint, children, more }: FactProps): JSX.Element => (
  <div title={hint}>
    <dt>{label}</dt>
    <dd>
      <Vital of={of}>{children}</Vital>
      {more ?? (hint ? <VisuallyHidden>, {hint}</VisuallyHidden> : null)}
    </dd>
  </div>
);

/** The ways in which a pending prediction or a label is lost without a match. */
const LABEL_OUTCOMES = [
  "evicted",
  "expired",
  "unknown",
  "duplicate",
  "early",
  "missing",
  "mismatched",
] as const;

/** Renders the pending predictions and the label delay; nothing if no label is ever late. */
function LateLabels({ selection }: { selection: ModelSelection }): JSX.Element | null {
  const trans = useLanguage();
  const labels = selection.store.labels.value;
  const { labels_pending: pending, median_label_delay_seconds: late } = selection.metrics.value;
  const ever = LABEL_OUTCOMES.some((name) => labels[name] > 0) || labels.pending + pending > 0;
  if (late === null && !ever) return null;
  const outcomeTexts = LABEL_OUTCOMES.map(
    (name) => `${count(labels[name])} ${valueLabel(`labels_lost.${name}`, trans)}`,
  );
  return (
    <>
      <Fact
        label={trans.__("Pending")}
        of="metrics.labels_pending"
        hint={outcomeTexts.join(", ")}
        more={LABEL_OUTCOMES.map((name, i) => (
          <Vital key={name} of={`labels.${name}`} class="v-said">
            {", "}
            {outcomeTexts[i]}
          </Vital>
        ))}
      >
        {count(pending)}
      </Fact>
      <Fact
        label={trans.__("Labels")}
        of="metrics.median_label_delay_seconds"
        hint={trans.__("Median time from prediction to label")}
      >
        {late === null ? UNKNOWN : trans.__("%1 late", delay(late))}
      </Fact>
    </>
  );
}
