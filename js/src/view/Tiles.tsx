import { useComputed } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import {
  bytes,
  capacity,
  cores,
  count,
  latency,
  latencyText,
  type Maybe,
  percent,
  ratio,
  shortCount,
} from "../format";
import type { Store } from "../store";
import { Sparkline } from "./Sparkline";
import { Vital } from "./vital";
import { healthTone, healthWord } from "./words";

const WATCH_SECONDS = 60;

export function Tiles({ store }: { store: Store }): JSX.Element {
  return (
    <dl class="v-tiles">
      <Accuracy store={store} />
      <Predictions store={store} />
      <Latency store={store} />
      <SystemHealth store={store} />
    </dl>
  );
}

function Tile(props: { label: ComponentChildren; children: ComponentChildren }): JSX.Element {
  return (
    <div class="v-tile">
      <dt>{props.label}</dt>
      {props.children}
    </div>
  );
}

function Accuracy({ store }: { store: Store }): JSX.Element {
  const metrics = store.metrics.value;
  const { current_accuracy: accuracy, accuracy_low: low, accuracy_high: high } = metrics;
  const { accuracy_threshold: threshold, window_labelled: labels, model_health } = metrics;
  const poor = accuracy !== null && threshold !== null && accuracy < threshold;
  const judged = model_health === "degraded" || model_health === "unhealthy";
  return (
    <Tile label="Accuracy">
      <dd class="v-value">
        <Vital
          of="metrics.current_accuracy"
          unit={accuracy === null ? "" : "%"}
          tone={poor && judged ? "warn" : undefined}
        >
          {ratio(accuracy)}
        </Vital>
      </dd>
      <dd class="v-note">
        {low === null || high === null ? null : (
          <span title="95 % Wilson interval">
            <Vital of="metrics.accuracy_low">{ratio(low)}</Vital>–
            <Vital of="metrics.accuracy_high">{ratio(high)}</Vital> %
          </span>
        )}
        {labels === 0 ? (
          <Vital of="metrics.window_labelled">no labels yet</Vital>
        ) : (
          <span class="v-wide">
            {low === null ? "" : ", "}last{" "}
            <Vital of="metrics.window_labelled">{count(labels)}</Vital>
            {labels === 1 ? " label" : " labels"}
          </span>
        )}
      </dd>
      <dd>
        <Sparkline
          store={store}
          of="current_accuracy"
          label="Accuracy"
          text={(value) => `${ratio(value)} %`}
          range={accuracyRange}
          threshold={thresholdOf}
          fill
        />
      </dd>
    </Tile>
  );
}

const thresholdOf = (store: Store): Maybe => store.metrics.value.accuracy_threshold;

function accuracyRange(low: Maybe, high: Maybe): readonly [number, number] {
  if (low === null || high === null) return [0, 1];
  const margin = Math.max(0.02, (high - low) * 0.15);
  return [Math.max(0, low - margin), Math.min(1.005, high + margin)];
}

/** From 0 to a little above the highest value, so that silence lies on the floor. */
const fromZero =
  (least: number) =>
  (_: Maybe, high: Maybe): readonly [number, number] => [0, Math.max(least, (high ?? 0) * 1.12)];

const predictionsRange = fromZero(5);
const latencyRange = fromZero(1e-6);

function Predictions({ store }: { store: Store }): JSX.Element {
  const { predictions_per_minute, calls_per_minute } = store.metrics.value;
  const span = useComputed(() => watched(store));
  return (
    <Tile label="Predictions">
      <dd class="v-value">
        <Vital of="metrics.predictions_per_minute" unit="/min">
          {shortCount(predictions_per_minute)}
        </Vital>
      </dd>
      <dd class="v-note">
        <Vital of="metrics.warming">{span}</Vital>
        {calls_per_minute > 0 && calls_per_minute !== predictions_per_minute ? (
          <span class="v-wide">
            , <Vital of="metrics.calls_per_minute">{shortCount(calls_per_minute)}</Vital>
            {calls_per_minute === 1 ? " call" : " calls"}
          </span>
        ) : null}
      </dd>
      <dd>
        <Sparkline
          store={store}
          of="predictions_per_minute"
          label="Predictions per minute"
          text={(value) => `${shortCount(value)} /min`}
          range={predictionsRange}
          fill
        />
      </dd>
    </Tile>
  );
}

/** The minute that the rate covers, or as much of it as has passed since the first point. */
function watched(store: Store): string {
  if (!store.metrics.value.warming) return `last ${WATCH_SECONDS} s`;
  store.drawn.value;
  const first = store.history.at[0];
  const at = store.at.value;
  if (first === undefined || at === null) return "warming up";
  return `first ${Math.min(WATCH_SECONDS, Math.max(1, Math.round(at - first)))} s`;
}

function Latency({ store }: { store: Store }): JSX.Element {
  const metrics = store.metrics.value;
  const { latency_p50_seconds: p50, latency_p95_seconds: p95, latency_p99_seconds: p99 } = metrics;
  const { value, unit } = latency(p95);
  const slow = store.model.value.reason_rule === "latency_p95";
  return (
    <Tile label="Latency p95">
      <dd class="v-value">
        <Vital of="metrics.latency_p95_seconds" unit={unit} tone={slow ? "warn" : undefined}>
          {value}
        </Vital>
      </dd>
      <dd class="v-note">
        {p50 === null && p99 === null ? (
          "no calls"
        ) : (
          <>
            <span class="v-wide">
              p50 <Vital of="metrics.latency_p50_seconds">{latencyText(p50)}</Vital> ·{" "}
            </span>
            p99 <Vital of="metrics.latency_p99_seconds">{latencyText(p99)}</Vital>
          </>
        )}
      </dd>
      <dd>
        <Sparkline
          store={store}
          of="latency_p95_seconds"
          label="Latency p95"
          text={(seconds) => latencyText(seconds, 3)}
          range={latencyRange}
        />
      </dd>
    </Tile>
  );
}

function SystemHealth({ store }: { store: Store }): JSX.Element {
  const system = store.system.value;
  const { system_health: health, limiter, scope, unknown_components: unknown } = system;
  const { process_cpu_percent: cpu, process_memory_bytes: memory, kernel_busy: busy } = system;
  const size = [cores(system.cpu_limit_cores), capacity(system.memory_limit_bytes)]
    .filter((part) => part !== "")
    .map((part) => `, ${part}`)
    .join("");
  return (
    <Tile
      label={
        <>
          System<span class="v-wide"> health</span>
        </>
      }
    >
      <dd class="v-value v-word">
        <Vital of="system.system_health" tone={healthTone(health)}>
          {healthWord(health)}
        </Vital>
      </dd>
      <dd class="v-note">
        {limiter === null ? null : (
          <>
            <Vital of="system.limiter">{limiter === "cpu" ? "CPU" : limiter}</Vital> high
            <span class="v-wide"> · </span>
          </>
        )}
        {scope === null ? (
          "not measured"
        ) : (
          <span class={limiter === null ? "" : "v-wide"}>
            <Vital of="system.scope">{scope}</Vital>
            {limiter === null ? <span class="v-wide">{size}</span> : null}
          </span>
        )}
      </dd>
      <dd class="v-kernel">
        {unknown.length > 0 ? (
          <p>
            <Vital of="system.unknown_components">{unknown.join(", ")}</Vital> not readable
          </p>
        ) : null}
        {cpu === null && memory === null ? null : (
          <p title="The kernel and the processes it started">
            <span>kernel</span>{" "}
            <Vital of="system.kernel_busy" class="v-wide">
              {busy === null ? "" : busy ? "busy" : "idle"}
            </Vital>
            <br class="v-wide" />
            <Vital of="system.process_cpu_percent" unit="CPU,">
              {percent(cpu)}
            </Vital>{" "}
            <Vital of="system.process_memory_bytes">{bytes(memory)}</Vital>
          </p>
        )}
      </dd>
    </Tile>
  );
}
