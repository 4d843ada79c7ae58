// Runs as rows, with a small curve each; a click brings one forward.

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { figure } from "../curves/axes";
import { visitColumns } from "../curves/line";
import type { RunInfo } from "../schema/contract.gen";
import type { Curve } from "../state/curve";
import { count } from "../text/format";
import { type Chart, mainChart, mainLine } from "./charts";
import type { CurveView } from "./curveView";
import { interpolate, useLanguage } from "./languageContext";
import { stopNotebookKeys } from "./notebookKeys";
import { RUN_SHAPES, runStateText, runTitle, runTone } from "./runLabels";
import { LevelBar } from "./vital";

export type RunAction = (run: RunInfo) => ComponentChildren;

const COLLAPSED_ROWS = 8;

interface RunsProps {
  view: CurveView;
  /** A button for each open run. */
  action?: RunAction | undefined;
}

export function Runs({ view, action }: RunsProps): JSX.Element | null {
  const trans = useLanguage();
  const { parallel, earlier } = view.shown.value;
  const expanded = useSignal(false);
  const rows = (runs: readonly RunInfo[]): JSX.Element => (
    <ul>
      {runs.map((run) => (
        <RunRow key={run.run_id} run={run} view={view} action={action} />
      ))}
    </ul>
  );
  const chart = mainChart(view.charts.value);
  const few =
    expanded.value || parallel.length <= COLLAPSED_ROWS
      ? inOrder(parallel)
      : collapsed(parallel, view.shown.value.places);
  return (
    <>
      {parallel.length < 2 ? null : (
        <section class="v-runs" aria-label={trans.__("Runs")}>
          <div class="v-run-row v-columns" aria-hidden="true">
            <i />
            <span>
              {trans.__("Runs")} <small>{count(parallel.length)}</small>
            </span>
            <span>{trans.__("State")}</span>
            <span />
            <span>{trans.__("Step")}</span>
            <span title={chart?.title}>{chart?.title}</span>
          </div>
          {rows(few)}
          {parallel.length > COLLAPSED_ROWS ? (
            <button
              type="button"
              class="v-button"
              aria-expanded={expanded.value}
              onClick={() => {
                expanded.value = !expanded.value;
              }}
            >
              {expanded.value
                ? trans.__("Show %1", COLLAPSED_ROWS)
                : trans.__("Show all %1", count(parallel.length))}
            </button>
          ) : null}
        </section>
      )}
      {earlier.length === 0 ? null : (
        <details class="v-fold v-runs">
          <summary>
            {interpolate(trans.__("Earlier runs %1", "%1"), <b>{count(earlier.length)}</b>)}
          </summary>
          {rows(earlier)}
        </details>
      )}
    </>
  );
}

/** Returns the runs in the order in which they began, which does not change. */
const inOrder = (runs: readonly RunInfo[]): readonly RunInfo[] =>
  [...runs].sort((a, b) => a.started_at - b.started_at);

/** Returns the first runs, among them those in colour. */
function collapsed(
  runs: readonly RunInfo[],
  places: ReadonlyMap<string, number>,
): readonly RunInfo[] {
  let grey = COLLAPSED_ROWS - runs.filter((run) => places.has(run.run_id)).length;
  return runs.filter((run) => places.has(run.run_id) || grey-- > 0);
}

function RunRow({ run, view, action }: RunsProps & { run: RunInfo }): JSX.Element {
  const trans = useLanguage();
  const { all, parallel, around, best, places, lead } = view.shown.value;
  const chart = mainChart(view.charts.value);
  const place = places.get(run.run_id);
  const colour = place === undefined ? "level" : `run${place}`;
  const line = rowLine(view, chart, run);
  const value = line ? line.run.metrics[line.metric] : undefined;
  const sizes = parallel.map((one) => {
    const other = rowLine(view, chart, one);
    return Math.abs(other?.run.metrics[other.metric] ?? 0);
  });
  const title = runTitle(run, all, trans);
  // Of which run around it, where there are several.
  const outer = around.length > 1 ? around.find((one) => one.run_id === run.parent_id) : undefined;
  const details = [outer && runTitle(outer, all, trans), rowDetails(run)].filter(Boolean);
  const reason = run.reason
    ? trans.message(run.reason_code, run.reason, run.reason_args)
    : undefined;
  const steps =
    run.total === null
      ? count(run.current)
      : trans.__("%1 of %2", count(run.current), count(run.total));
  return (
    <li data-run-id={run.run_id} style={{ "--v-run": `var(--v-${colour})` }}>
      <button
        type="button"
        class="v-run-row"
        aria-pressed={view.chosen.value === run.run_id}
        data-front={lead === run ? "" : undefined}
        onClick={() => view.choose(run.run_id)}
        onKeyDown={stopNotebookKeys}
      >
        <i aria-hidden="true">{RUN_SHAPES[place ?? 0]}</i>
        <span class="v-name" title={reason}>
          <b>{title}</b> {details.join(" · ")}
        </span>
        <span class="v-state" data-tone={runTone(run)}>
          {runStateText(run, best === run, trans)}
        </span>
        <LevelBar share={(run.progress ?? 0) / 100} />
        <span class="v-steps">{steps}</span>
        <b class="v-figure">{figure(value, Math.max(0, ...sizes))}</b>
        <MiniCurve curve={line?.curve} revision={view.store.runs.revision.value} />
      </button>
      {run.state === "running" ? action?.(run) : null}
    </li>
  );
}

function rowLine(
  view: CurveView,
  chart: Chart | undefined,
  run: RunInfo,
): ReturnType<typeof mainLine> | { run: RunInfo; metric: string; curve: Curve } {
  const known = chart && mainLine(chart.lines, run);
  if (known || !chart) return known;
  // An earlier run is in no chart.
  const metric = chart.lines[0]?.metric ?? "";
  const curve = view.store.runs.curves(run.run_id).get(metric);
  return curve && { run, metric, curve };
}

/** Returns what distinguishes a run: its details, else its first hyperparameters. */
function rowDetails({ details, config }: RunInfo): string {
  if (details) return details;
  const some = Object.entries(config).slice(0, 3);
  return some.map(([name, value]) => `${name} ${value}`).join(", ");
}

const WIDTH = 70;
const HEIGHT = 18;

/** Draws a curve as small as a word, in the colour of its run. */
export function MiniCurve({ curve }: { curve: Curve | undefined; revision: number }): JSX.Element {
  return (
    <svg class="v-mini" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={curve ? miniPath(curve) : ""} />
    </svg>
  );
}

function miniPath({ step, mean }: Curve): string {
  const known = mean.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const [first, last] = [step[0] ?? 0, step.at(-1) ?? 0];
  const x = (i: number): number => (WIDTH * ((step[i] ?? 0) - first)) / (last - first || 1);
  const y = (i: number): number =>
    HEIGHT - 2 - ((HEIGHT - 4) * ((mean[i] ?? low) - low)) / (high - low || 1);
  let path = "";
  visitColumns(0, step.length, x, y, y, (at, of) => {
    path += `${path ? "L" : "M"}${at.toFixed(1)} ${of.toFixed(1)}`;
  });
  return path;
}
