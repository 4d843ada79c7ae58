import { useComputed } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import type { Store } from "../state/store";
import {
  bytes,
  capacity,
  cores,
  count,
  errorSize,
  latency,
  latencyText,
  type Maybe,
  metric,
  percent,
  ratio,
  shortCount,
} from "../text/format";
import type { Language } from "../text/language";
import { componentLabel, ruleUnit, scopeLabel, statusLabel, statusTone } from "./labels";
import { interpolate, useLanguage } from "./languageContext";
import type { ModelSelection } from "./modelSelection";
import { rangeFromZero, Sparkline, type SparklineProps } from "./Sparkline";
import { ConfidenceInterval, VisuallyHidden, Vital } from "./vital";

const RATE_WINDOW_SECONDS = 60;

export function Tiles(props: { selection: ModelSelection; hidden?: boolean }): JSX.Element {
  const { selection, hidden = false } = props;
  return (
    <dl class="v-tiles" hidden={hidden}>
      <AccuracyTile selection={selection} />
      <PredictionsTile selection={selection} />
      <LatencyTile selection={selection} />
      <SystemHealthTile store={selection.store} />
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

type ChartProps = Omit<SparklineProps, "series"> & { selection: ModelSelection };

const TileChart = ({ selection, ...props }: ChartProps): JSX.Element => (
  <dd>
    <Sparkline series={() => selection.series.value} {...props} />
  </dd>
);

function AccuracyTile({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const metrics = selection.metrics.value;
  const { current_accuracy: accuracy, accuracy_low: low, accuracy_high: high } = metrics;
  const { accuracy_threshold: threshold, window_labelled: labels, model_health } = metrics;
  const { task, tolerance } = metrics;
  const poor = accuracy !== null && threshold !== null && accuracy < threshold;
  const judged = model_health === "degraded" || model_health === "unhealthy";
  return (
    <Tile
      label={
        tolerance === null ? (
          trans.__("Accuracy")
        ) : (
          <>
            <span class="v-wide">{accuracyLabel(tolerance, trans)}</span>
            <span class="v-narrow">{trans.__("Within")}</span>{" "}
            <Vital of="metrics.tolerance">± {metric(tolerance)}</Vital>
          </>
        )
      }
    >
      <dd class="v-value">
        <Vital of="metrics.current_accuracy" unit="%" tone={poor && judged ? "warn" : undefined}>
          {ratio(accuracy)}
        </Vital>
      </dd>
      <dd class="v-note">
        <ConfidenceInterval of="metrics" low={low} high={high} />
        {labels === 0 ? (
          <Vital of="metrics.window_labelled">{trans.__("no labels yet")}</Vital>
        ) : (
          <span class="v-wide">
            {low === null ? "" : ", "}
            {interpolate(
              trans._n("last %2 label", "last %2 labels", labels, "%1"),
              <Vital of="metrics.window_labelled">{count(labels)}</Vital>,
            )}
          </span>
        )}
      </dd>
      {task === "regression" ? (
        <dd class="v-note">
          MAE <Vital of="metrics.mae">{errorSize(metrics.mae)}</Vital>{" "}
          <span class="v-wide">· </span>
          <br class="v-narrow" />
          RMSE <Vital of="metrics.rmse">{errorSize(metrics.rmse)}</Vital>
        </dd>
      ) : null}
      <TileChart
        selection={selection}
        of="current_accuracy"
        label={accuracyLabel(tolerance, trans)}
        text={(value) => `${ratio(value)} %`}
        range={accuracyRange}
        threshold={() => selection.metrics.value.accuracy_threshold}
        fill
      />
    </Tile>
  );
}

/** Returns the name of the accuracy, which is a share within tolerance for a regression. */
export const accuracyLabel = (tolerance: Maybe, trans: Language): string =>
  tolerance === null ? trans.__("Accuracy") : trans.__("Within tolerance");

function accuracyRange(low: Maybe, high: Maybe): readonly [number, number] {
  if (low === null || high === null) return [0, 1];
  const margin = Math.max(0.02, (high - low) * 0.15);
  return [Math.max(0, low - margin), Math.min(1.005, high + margin)];
}

const predictionsRange = rangeFromZero(5);
const latencyRange = rangeFromZero(1e-6);

function PredictionsTile({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const { predictions_per_minute, calls_per_minute: calls } = selection.metrics.value;
  const span = useComputed(() => rateWindowText(selection.store, trans));
  return (
    <Tile label={trans.__("Predictions")}>
      <dd class="v-value">
        <Vital of="metrics.predictions_per_minute" unit="/min">
          {shortCount(predictions_per_minute)}
        </Vital>
      </dd>
      <dd class="v-note">
        <Vital of="metrics.warming">{span}</Vital>
        {calls > 0 && calls !== predictions_per_minute ? (
          <span class="v-wide">
            {", "}
            {interpolate(
              trans._n("%2 call", "%2 calls", calls, "%1"),
              <Vital of="metrics.calls_per_minute">{shortCount(calls)}</Vital>,
            )}
          </span>
        ) : null}
      </dd>
      <TileChart
        selection={selection}
        of="predictions_per_minute"
        label={trans.__("Predictions per minute")}
        text={(value) => `${shortCount(value)} /min`}
        range={predictionsRange}
        fill
      />
    </Tile>
  );
}

/** Returns the window of the rate: a minute, or the age of the monitor if shorter. */
function rateWindowText(store: Store, trans: Language): string {
  if (!store.metrics.value.warming) return trans.__("last %1 s", RATE_WINDOW_SECONDS);
  store.revision.value;
  // The first point of a kernel that goes on may be the earlier kernel's.
  const since = store.model.value.watching_since ?? store.history.at[0] ?? null;
  const at = store.at.value;
  if (since === null || at === null) return trans.__("warming up");
  return trans.__("first %1 s", Math.min(RATE_WINDOW_SECONDS, Math.max(1, Math.round(at - since))));
}

function LatencyTile({ selection }: { selection: ModelSelection }): JSX.Element {
  const trans = useLanguage();
  const metrics = selection.metrics.value;
  const { latency_p50_seconds: p50, latency_p95_seconds: p95, latency_p99_seconds: p99 } = metrics;
  const { value, unit } = latency(p95);
  const slow = ruleUnit(selection.model.value.reason_rule) === "latency";
  return (
    <Tile label={trans.__("Latency p95")}>
      <dd class="v-value">
        <Vital of="metrics.latency_p95_seconds" unit={unit} tone={slow ? "warn" : undefined}>
          {value}
        </Vital>
      </dd>
      <dd class="v-note">
        {p50 === null && p99 === null ? (
          trans.__("no calls")
        ) : (
          <>
            <span class="v-wide">
              p50 <Vital of="metrics.latency_p50_seconds">{latencyText(p50)}</Vital> ·{" "}
            </span>
            p99 <Vital of="metrics.latency_p99_seconds">{latencyText(p99)}</Vital>
          </>
        )}
      </dd>
      <TileChart
        selection={selection}
        of="latency_p95_seconds"
        label={trans.__("Latency p95")}
        text={(seconds) => latencyText(seconds, 3)}
        range={latencyRange}
      />
    </Tile>
  );
}

function SystemHealthTile({ store }: { store: Store }): JSX.Element {
  const trans = useLanguage();
  const system = store.system.value;
  const { system_health: health, limiter, scope, unknown_components: unknown } = system;
  const { process_cpu_percent: cpu, process_memory_bytes: memory, kernel_busy: busy } = system;
  const tree = trans.__("The kernel and the processes it started");
  const size = [cores(system.cpu_limit_cores, trans), capacity(system.memory_limit_bytes)]
    .filter((part) => part !== "")
    .map((part) => `, ${part}`)
    .join("");
  return (
    <Tile
      label={
        <>
          <span class="v-wide">{trans.__("System health")}</span>
          <span class="v-narrow">{trans.__("System")}</span>
        </>
      }
    >
      <dd class="v-value v-word">
        <Vital of="system.system_health" tone={statusTone(health)}>
          {statusLabel(health, trans)}
        </Vital>
      </dd>
      <dd class="v-note">
        {limiter === null ? null : (
          <>
            {limiter === "cpu" && system.cpu_wait_percent !== null ? (
              // Its health is of the wait, and not of the load.
              <Vital of="system.limiter">{trans.__("waiting for a CPU")}</Vital>
            ) : (
              interpolate(
                trans.__("%1 high", "%1"),
                <Vital of="system.limiter">{componentLabel(limiter, trans)}</Vital>,
              )
            )}
            <span class="v-wide"> · </span>
          </>
        )}
        {scope === null ? (
          trans.__("not measured")
        ) : (
          <span class={limiter === null ? "" : "v-wide"}>
            <Vital of="system.scope">{scopeLabel(scope, trans)}</Vital>
            {limiter === null ? <span class="v-wide">{size}</span> : null}
          </span>
        )}
      </dd>
      <dd class="v-kernel">
        {unknown.length > 0 ? (
          <p>
            {interpolate(
              trans.__("%1 not readable", "%1"),
              <Vital of="system.unknown_components">
                {unknown.map((part) => componentLabel(part, trans)).join(", ")}
              </Vital>,
            )}
          </p>
        ) : null}
        {cpu === null && memory === null ? null : (
          <p title={tree}>
            <span>{trans.__("kernel")}</span> <VisuallyHidden>({tree}) </VisuallyHidden>
            <Vital of="system.kernel_busy" class="v-wide">
              {busy === null ? "" : busy ? trans.__("busy") : trans.__("idle")}
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
