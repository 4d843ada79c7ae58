import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import type { TrainingSection } from "../schema/contract.gen";
import type { Store } from "../state/store";
import {
  count,
  elapsed,
  metric,
  rate,
  ratioWhole,
  UNKNOWN,
  progress as written,
} from "../text/format";
import type { Language } from "../text/language";
import { Curves } from "./Curves";
import type { CurveView } from "./curveView";
import { runText, type Tone } from "./labels";
import { interpolate, useLanguage } from "./languageContext";
import { RunSummary } from "./RunParts";
import { type RunAction, Runs } from "./Runs";
import { VisuallyHidden, Vital } from "./vital";

const RUN_TONES: Readonly<Record<TrainingSection["state"], Tone>> = {
  idle: "ok",
  running: "accent",
  completed: "ok",
  stopped: "muted",
  failed: "bad",
  lost: "bad",
};

const MAX_METRICS = 6;

/** Above this share of its time, a run that waits for data says so in colour. */
const LONG_WAIT = 0.3;

interface TrainingProps {
  view: CurveView;
  /** Whether a model serves: the last run is then one line that opens. */
  serving: boolean;
  action?: ComponentChildren;
  /** A button for each open run. */
  runAction?: RunAction | undefined;
}

/** Renders the run in front and, below it, the curves, the runs and what the last one took. */
export function Training({ view, serving, action, runAction }: TrainingProps): JSX.Element {
  const trans = useLanguage();
  const run = shownRun(view.store);
  const stage = runText(run.stage, trans);
  const details = runText(run.details, trans);
  const { progress } = run;
  const { parallel, around, lead } = view.shown.value;
  const summed = view.chosen.value ? lead : (around[0] ?? lead);
  const folds = serving && run.state !== "running" && parallel.length > 0;
  const open = !folds || view.unfolded.value;
  const quiet = run.state === "idle" || (folds && !open);
  const hasCharts = view.charts.value.length > 0;
  return (
    <section
      class={quiet ? "v-training v-quiet" : "v-training"}
      data-state={run.state}
      data-tone={RUN_TONES[run.state]}
      data-run-id={parallel.length === 1 ? parallel[0]?.run_id : undefined}
      aria-label={trans.__("Training")}
    >
      <div class="v-run" data-run-id={around[0]?.run_id}>
        <Vital of="training.stage" class="v-stage" title={stage}>
          {folds ? (
            <button
              type="button"
              class="v-unfold"
              aria-expanded={open}
              onClick={() => {
                view.unfolded.value = !open;
              }}
            >
              {stage}
            </button>
          ) : (
            stage
          )}
        </Vital>
        <Vital of="training.details" class="v-details" title={details || undefined}>
          {details}
        </Vital>
        <ProgressBar progress={progress} running={run.state === "running"} label={stage} />
        <Vital of="training.progress" class="v-progress">
          {progress === null ? stepCount(run) : written(progress)}
        </Vital>
      </div>
      {quiet ? null : <RunDetails run={run} view={view} hasCharts={hasCharts} />}
      {action}
      {open ? (
        <>
          <Curves view={view} />
          {summed && (run.state !== "running" || view.chosen.value) ? (
            <RunSummary run={summed} view={view} />
          ) : null}
          <Runs view={view} action={runAction} />
        </>
      ) : null}
    </section>
  );
}

/** Returns the run; one that was running when its kernel went away is lost. */
function shownRun(store: Store): TrainingSection {
  const run = store.training.value;
  const gone = !store.connected.value && !store.closed.value;
  return run.state === "running" && gone ? { ...run, state: "lost" } : run;
}

/** Formats the number of steps, which is shown if there is no total. */
const stepCount = ({ current }: TrainingSection): string => count(current);

function ProgressBar(props: {
  progress: number | null;
  running: boolean;
  label: string;
}): JSX.Element {
  const { progress, running, label } = props;
  const unknown = progress === null;
  const value = Math.min(100, Math.max(0, progress ?? 0));
  return (
    <div
      class="v-bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={unknown ? undefined : Number.parseInt(written(value), 10)}
      data-indeterminate={unknown && running ? "" : undefined}
    >
      <i style={unknown ? undefined : { transform: `scaleX(${value / 100})` }} />
    </div>
  );
}

function RunDetails(props: {
  run: TrainingSection;
  view: CurveView;
  /** Whether metrics have charts, whose legends have their values. */
  hasCharts: boolean;
}): JSX.Element {
  const { run, view, hasCharts } = props;
  const trans = useLanguage();
  const { current, total, elapsed_seconds, eta_seconds, rate_per_second, state } = run;
  const metrics = hasCharts ? [] : Object.entries(run.metrics);
  const info = view.shown.value.all.find(({ run_id }) => run_id === run.run_id);
  const ended = run.state !== "running";
  const wait = info?.[ended ? "data_wait_ratio_total" : "data_wait_ratio"] ?? null;
  const running = state === "running";
  const expanded = useSignal(false);
  return (
    <div class="v-detail-row">
      {running && run.stop_requested ? (
        <Vital of="training.stop_requested">{trans.__("stopping")}</Vital>
      ) : null}
      {current === null || total === null ? null : (
        <span>
          {interpolate(
            trans.__("%1 of %2", "%1", "%2"),
            <Vital of="training.current">{count(current)}</Vital>,
            <Vital of="training.total">{count(total)}</Vital>,
          )}
        </span>
      )}
      {running && rate_per_second !== null ? (
        <Vital of="training.rate_per_second">{rate(rate_per_second, trans)}</Vital>
      ) : null}
      {running && eta_seconds !== null ? (
        <Vital of="training.eta_seconds">{trans.__("%1 left", elapsed(eta_seconds))}</Vital>
      ) : null}
      {elapsed_seconds === null ? null : (
        <span>
          {interpolate(
            elapsedText(state, trans),
            <Vital of="training.elapsed_seconds">{elapsed(elapsed_seconds)}</Vital>,
          )}
        </span>
      )}
      {wait === null || info?.cost ? null : (
        <span data-tone={wait > LONG_WAIT ? "warn" : undefined}>
          {interpolate(trans.__("waiting for data %1", "%1"), <b>{ratioWhole(wait)}</b>)}
        </span>
      )}
      {metrics.length === 0 ? null : (
        <Vital of="training.metrics" class="v-run-metrics">
          {(expanded.value ? metrics : metrics.slice(0, MAX_METRICS)).map(([name, value]) => (
            <span key={name} title={`${name} ${value ?? UNKNOWN}`}>
              {name} <b>{metric(value)}</b>
            </span>
          ))}
          {metrics.length > MAX_METRICS && !expanded.value ? (
            <button
              class="v-button"
              type="button"
              title={metrics.slice(MAX_METRICS).map(metricText).join("\n")}
              onClick={() => {
                expanded.value = true;
              }}
            >
              +{metrics.length - MAX_METRICS}
              <VisuallyHidden> {trans.__("more metrics")}</VisuallyHidden>
            </button>
          ) : null}
        </Vital>
      )}
    </div>
  );
}

function elapsedText(state: TrainingSection["state"], trans: Language): string {
  switch (state) {
    case "completed":
      return trans.__("Completed in %1", "%1");
    case "stopped":
      return trans.__("Stopped after %1", "%1");
    case "failed":
      return trans.__("Failed after %1", "%1");
    case "lost":
      return trans.__("Lost after %1", "%1");
    default:
      return trans.__("elapsed %1", "%1");
  }
}

const metricText = ([name, value]: readonly [string, number | null]): string =>
  `${name} ${metric(value)}`;
