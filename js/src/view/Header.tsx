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
import { basis, evidence, freshness, needsAttention, statusTone, statusWord } from "./labels";
import { useLanguage, woven } from "./languageContext";
import type { Subject } from "./modelSelection";
import { Vital, type VitalName } from "./vital";

export function Header({ subject }: { subject: Subject }): JSX.Element {
  const trans = useLanguage();
  const { name, version, status, model_id, status_since } = subject.model.value;
  const known = name !== null || model_id !== null;
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
        <Vital of="model.status" class="v-pill" title={since(status_since, trans)}>
          {statusWord(status, trans)}
        </Vital>
      </div>
      <Meta subject={subject} />
    </header>
  );
}

const since = (at: number | null, trans: Language): string | undefined =>
  at === null ? undefined : trans.__("since %1", moment(at, trans) ?? "");

/** Uptime; or, in its place, a quiet word that these values are no longer fresh. */
function Meta({ subject }: { subject: Subject }): JSX.Element {
  const trans = useLanguage();
  const { store } = subject;
  const uptime = useComputed(() => duration(subject.uptime.value));
  const word = useComputed(() => freshness(store, trans));
  const { monitor } = store;
  return (
    <p class="v-meta">
      {monitor.value && monitor.value !== "default" ? (
        <span class="v-monitor" title={trans.__("monitor %1", monitor.value)}>
          {monitor.value}
        </span>
      ) : null}
      <span hidden={word.value !== ""}>
        {woven(trans.__("up %1", "%1"), <Vital of="model.uptime_seconds">{uptime}</Vital>)}
      </span>
      <span class="v-freshness" hidden={word.value === ""}>
        {word}
      </span>
      {subject.other.value === null ? null : (
        <button class="v-button" type="button" onClick={() => subject.choose(null)}>
          {trans.__("Show active model")}
        </button>
      )}
    </p>
  );
}

interface BannerProps {
  subject: Subject;
  /** What can be done about the active model. */
  action?: ComponentChildren;
}

export function Banner({ subject, action }: BannerProps): JSX.Element | null {
  const trans = useLanguage();
  const { store } = subject;
  const model = subject.model.value;
  const { status, status_since, reason, acknowledged_at } = model;
  if (!needsAttention(status)) return null;
  const proof = evidence(model, trans);
  return (
    <div class="v-banner" data-tone={statusTone(status)}>
      <p>
        <Vital of="model.reason" title={basis(model, trans)}>
          {reason === null ? statusWord(status, trans) : trans.known(reason)}
        </Vital>
        {proof ? (
          <>
            : <span class="v-proof">{proof}</span>
          </>
        ) : null}
      </p>
      <span class="v-since">
        {status_since === null ? null : <Since store={store} at={status_since} />}
        {acknowledged_at === null ? null : (
          <>
            {" · "}
            <Vital of="model.acknowledged_at" title={moment(acknowledged_at, trans)}>
              {trans.__("acknowledged %1", clock(acknowledged_at, store.now.value, trans))}
            </Vital>
          </>
        )}
      </span>
      {subject.other.value === null ? action : null}
    </div>
  );
}

function Since({ store, at }: { store: Subject["store"]; at: number }): JSX.Element {
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

export function Facts({ subject }: { subject: Subject }): JSX.Element {
  const trans = useLanguage();
  const model = subject.model.value;
  const trained = useComputed(() =>
    ago(subject.model.value.trained_at, subject.store.now.value, trans),
  );
  const { trained_at } = model;
  const metrics = subject.metrics.value;
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
        title={moment(trained_at, trans)}
      >
        {trained}
      </Fact>
      <Fact label={trans.__("Predictions")} of="model.total_predictions">
        {count(total)}
      </Fact>
      <Fact
        label={trans.__("Labelled")}
        of="metrics.label_coverage"
        title={trans._n("%2 label", "%2 labels", total_labelled, count(total_labelled))}
      >
        {ratioWhole(metrics.label_coverage)}
      </Fact>
      <LateLabels subject={subject} />
      <Fact
        label={trans.__("Errors")}
        of="metrics.total_errors"
        title={trans.__("%1 in the last minute", count(errors_per_minute))}
      >
        {count(total_errors)}
      </Fact>
    </dl>
  );
}

interface FactProps {
  label: ComponentChildren;
  of: VitalName;
  title?: string | undefined;
  children: ComponentChildren;
  more?: ComponentChildren;
}

const Fact = ({ label, of, title, children, more }: FactProps): JSX.Element => (
  <div title={title}>
    <dt>{label}</dt>
    <dd>
      <Vital of={of}>{children}</Vital>
      {more}
    </dd>
  </div>
);

/** What can become of a prediction that waits, or of a label, but that they meet. */
const LOSSES = ["evicted", "expired", "unknown", "duplicate", "early"] as const;

/** How many predictions wait for their labels, and how late those come; nothing where none are. */
function LateLabels({ subject }: { subject: Subject }): JSX.Element | null {
  const trans = useLanguage();
  const labels = subject.store.labels.value;
  const { labels_pending: pending, median_label_delay_seconds: late } = subject.metrics.value;
  const ever = LOSSES.some((name) => labels[name] > 0) || labels.pending + pending > 0;
  if (late === null && !ever) return null;
  const told = LOSSES.map((name) => `${count(labels[name])} ${trans.known(name)}`);
  return (
    <>
      <Fact
        label={trans.__("Pending")}
        of="metrics.labels_pending"
        title={told.join(", ")}
        more={LOSSES.map((name, i) => (
          <Vital key={name} of={`labels.${name}`} class="v-said">
            {", "}
            {told[i]}
          </Vital>
        ))}
      >
        {count(pending)}
      </Fact>
      <Fact
        label={trans.__("Labels")}
        of="metrics.median_label_delay_seconds"
        title={trans.__("Median time from prediction to label")}
      >
        {late === null ? UNKNOWN : trans.__("%1 late", delay(late))}
      </Fact>
    </>
  );
}
