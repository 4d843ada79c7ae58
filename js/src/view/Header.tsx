import { useComputed } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { ago, clock, count, duration, moment, ratioWhole, roughly, UNKNOWN } from "../format";
import type { Language } from "../language";
import type { Store } from "../store";
import { useLanguage, woven } from "./spoken";
import { Vital } from "./vital";
import { basis, evidence, freshness, needsAttention, statusTone, statusWord } from "./words";

export function Header({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const { name, version, status, model_id, status_since } = store.model.value;
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
      <Meta store={store} />
    </header>
  );
}

const since = (at: number | null, trans: Language): string | undefined =>
  at === null ? undefined : trans.__("since %1", moment(at, trans) ?? "");

/** Uptime; or, in its place, a quiet word that these values are no longer fresh. */
function Meta({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const uptime = useComputed(() => duration(store.uptime.value));
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
    </p>
  );
}

export function Banner(props: { store: Store; action?: ComponentChildren }): JSX.Element | null {
  const { store, action } = props;
  const trans = useLanguage();
  const model = store.model.value;
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
      {action}
    </div>
  );
}

function Since({ store, at }: { store: Store; at: number }): JSX.Element {
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

export function Facts({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const trained = useComputed(() => ago(store.model.value.trained_at, store.now.value, trans));
  const { trained_at } = store.model.value;
  const metrics = store.metrics.value;
  const { total_labelled, total_errors, errors_per_minute } = metrics;
  const total = Math.max(store.model.value.total_predictions, metrics.total_predictions);
  return (
    <dl class="v-facts">
      <div>
        <dt>
          <span class="v-wide">{trans.__("Last trained")}</span>
          <span class="v-narrow">{trans.__("Trained")}</span>
        </dt>
        <dd>
          <Vital of="model.trained_at" title={moment(trained_at, trans)}>
            {trained}
          </Vital>
        </dd>
      </div>
      <div>
        <dt>{trans.__("Predictions")}</dt>
        <dd>
          <Vital of="model.total_predictions">{count(total)}</Vital>
        </dd>
      </div>
      <div>
        <dt>{trans.__("Labelled")}</dt>
        <dd>
          <Vital
            of="metrics.label_coverage"
            title={trans._n("%2 label", "%2 labels", total_labelled, count(total_labelled))}
          >
            {ratioWhole(metrics.label_coverage)}
          </Vital>
        </dd>
      </div>
      <div>
        <dt>{trans.__("Errors")}</dt>
        <dd>
          <Vital
            of="metrics.total_errors"
            title={trans.__("%1 in the last minute", count(errors_per_minute))}
          >
            {count(total_errors)}
          </Vital>
        </dd>
      </div>
    </dl>
  );
}
