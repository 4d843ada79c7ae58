import { useComputed } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { ago, clock, count, duration, moment, ratioWhole, roughly, UNKNOWN } from "../format";
import type { Store } from "../store";
import { Vital } from "./vital";
import { basis, evidence, needsAttention, statusTone, statusWord } from "./words";

export function Header({ store }: { store: Store }): JSX.Element {
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
            {version ?? (known ? "" : "no model yet")}
          </Vital>
        </h3>
        <Vital of="model.status" class="v-pill" title={since(status_since)}>
          {statusWord(status)}
        </Vital>
      </div>
      <Meta store={store} />
    </header>
  );
}

const since = (at: number | null): string | undefined =>
  at === null ? undefined : `since ${moment(at)}`;

/** Uptime; or, in its place, a quiet word that these values are no longer fresh. */
function Meta({ store }: { store: Store }): JSX.Element {
  const uptime = useComputed(() => duration(store.uptime.value));
  const word = useComputed(() => freshness(store));
  const { monitor } = store;
  return (
    <p class="v-meta">
      {monitor.value && monitor.value !== "default" ? (
        <span class="v-monitor" title={`monitor ${monitor.value}`}>
          {monitor.value}
        </span>
      ) : null}
      <span hidden={word.value !== ""}>
        up <Vital of="model.uptime_seconds">{uptime}</Vital>
      </span>
      <span class="v-freshness" hidden={word.value === ""}>
        {word}
      </span>
    </p>
  );
}

function freshness(store: Store): string {
  const at = store.at.value;
  const last = at === null ? "" : clock(at, store.now.value);
  if (store.closed.value) return last ? `Closed ${last}` : "Closed";
  if (!store.connected.value) return last ? `Kernel gone, last update ${last}` : "Kernel gone";
  return store.quiet.value ? `No update since ${last}` : "";
}

export function Banner(props: { store: Store; action?: ComponentChildren }): JSX.Element | null {
  const { store, action } = props;
  const model = store.model.value;
  const { status, status_since, reason, acknowledged_at } = model;
  if (!needsAttention(status)) return null;
  const proof = evidence(model);
  return (
    <div class="v-banner" data-tone={statusTone(status)}>
      <p>
        <Vital of="model.reason" title={basis(model)}>
          {reason ?? statusWord(status)}
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
            <Vital of="model.acknowledged_at" title={moment(acknowledged_at)}>
              acknowledged {clock(acknowledged_at, store.now.value)}
            </Vital>
          </>
        )}
      </span>
      {action}
    </div>
  );
}

function Since({ store, at }: { store: Store; at: number }): JSX.Element {
  const passed = useComputed(() => roughly(store.now.value - at));
  const start = useComputed(() => clock(at, store.now.value));
  return (
    <Vital of="model.status_since" title={moment(at)}>
      since {start}, {passed}
    </Vital>
  );
}

export function Facts({ store }: { store: Store }): JSX.Element {
  const trained = useComputed(() => ago(store.model.value.trained_at, store.now.value));
  const { trained_at } = store.model.value;
  const metrics = store.metrics.value;
  const { total_labelled, total_errors, errors_per_minute } = metrics;
  const total = Math.max(store.model.value.total_predictions, metrics.total_predictions);
  return (
    <dl class="v-facts">
      <div>
        <dt>
          <span class="v-wide">Last trained</span>
          <span class="v-narrow">Trained</span>
        </dt>
        <dd>
          <Vital of="model.trained_at" title={moment(trained_at)}>
            {trained}
          </Vital>
        </dd>
      </div>
      <div>
        <dt>Predictions</dt>
        <dd>
          <Vital of="model.total_predictions">{count(total)}</Vital>
        </dd>
      </div>
      <div>
        <dt>Labelled</dt>
        <dd>
          <Vital of="metrics.label_coverage" title={`${count(total_labelled)} labels`}>
            {ratioWhole(metrics.label_coverage)}
          </Vital>
        </dd>
      </div>
      <div>
        <dt>Errors</dt>
        <dd>
          <Vital of="metrics.total_errors" title={`${count(errors_per_minute)} in the last minute`}>
            {count(total_errors)}
          </Vital>
        </dd>
      </div>
    </dl>
  );
}
